#!/usr/bin/env node
/* Generates tests/reference/opening_hours.json: the states computed by opening_hours.js, the reference implementation of
 * OpenStreetMap's opening_hours, for texts over the year 2026 in Chongqing, with the public holidays of walkshed-register.
 *
 *     mkdir /tmp/oh && cd /tmp/oh && npm install opening_hours@3.15.0 suncalc@2.0.2
 *     TZ=Asia/Shanghai node .../tests/reference/opening_hours.mjs /tmp/oh > .../tests/reference/opening_hours.json
 *
 * The library (LGPL) only generates the file and is not part of walkshed. It has no holidays of China, so those of the register
 * are added to its table. The file has one line per text:
 *
 * - "days": the distinct days, each as the minutes from midnight at which the state changes, followed by the new state
 *   (o open, c closed, u unknown), such as "0c540o1080c";
 * - "year": a character for each day of the year, A for the first of "days"; omitted if there are more than 26 distinct days, in
 *   which case "days" has all days of the year.
 *
 * Texts that the library rejects are omitted and reported on stderr.
 */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

if (process.env.TZ !== 'Asia/Shanghai') throw new Error('run with TZ=Asia/Shanghai');
const here = import.meta.dirname;
const installed = path.resolve(process.argv[2], 'node_modules/opening_hours');
const { version } = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8'));
if (version !== '3.15.0') throw new Error(`made for opening_hours 3.15.0, not ${version}`);

// Public holidays, each as a day of every year, because only 2026 is evaluated. There are no school holidays.
const YEAR = 2026;
const toml = fs.readFileSync(path.join(here, '../../crates/walkshed-register/src/holidays.toml'), 'utf8');
const section = toml.split(`[${YEAR}]`)[1].split(/^\[/m)[0];
const PH = [];
for (const [span] of section.matchAll(/\d{4}-\d\d-\d\d(\/\d{4}-\d\d-\d\d)?/g)) {
    const [first, last] = span.split('/').map(day => new Date(`${day}T00:00:00`));
    for (const day = new Date(first); day <= (last ?? first); day.setDate(day.getDate() + 1))
        PH.push({ name: 'holiday', fixed_date: [day.getMonth() + 1, day.getDate()] });
}
const SH = [{ name: 'none', [YEAR + 1]: [1, 1, 1, 1] }];
globalThis.holidaysOfChina = { PH, SH };

const source = fs.readFileSync(path.join(installed, 'build/opening_hours.esm.mjs'), 'utf8');
const table = 'holidayDefinitions = holiday_definitions;';
if (!source.includes(table)) throw new Error('the table of holidays was not found');
const patched = path.join(installed, 'build/with_china.mjs');
fs.writeFileSync(patched, source.replace(table, 'holidayDefinitions = { ...holiday_definitions, cn: globalThis.holidaysOfChina };'));
const { default: OpeningHours } = await import(pathToFileURL(patched));
const chongqing = { lat: '29.565', lon: '106.555', address: { country_code: 'cn' } };

const DAY = 24 * 60;
const start = new Date(YEAR, 0, 1);
const end = new Date(YEAR + 1, 0, 1);
/* Returns the states of the year and the minutes at which they begin. */
function changes(text) {
    const hours = new OpeningHours(text, chongqing, 0);
    const at = hours.getIterator(start);
    const state = () => (at.getState() ? 'o' : at.getUnknown() ? 'u' : 'c');
    const list = [[0, state()]];
    while (at.advance(end) && at.getDate() < end) {
        const minute = Math.round((at.getDate() - start) / 60000);
        if (state() !== list.at(-1)[1]) list.push([minute, state()]);
    }
    return list;
}

function line(text) {
    const list = changes(text);
    const days = [], year = [];
    let state = list[0][1], next = 0;
    for (let day = 0; day < 365; day++) {
        let pattern = '';
        if (list[next]?.[0] !== day * DAY) pattern = `0${state}`;
        for (; next < list.length && list[next][0] < (day + 1) * DAY; next++) {
            state = list[next][1];
            pattern += `${list[next][0] - day * DAY}${state}`;
        }
        let index = days.indexOf(pattern);
        if (index < 0) index = days.push(pattern) - 1;
        year.push(index);
    }
    if (days.length <= 26) return { text, days, year: year.map(i => String.fromCharCode(65 + i)).join('') };
    return { text, days: year.map(i => days[i]) };
}

const texts = fs.readFileSync(path.join(here, 'opening_hours.txt'), 'utf8').split('\n').filter(t => t && !t.startsWith('#'));
const warn = console.error;
console.error = () => {};
const lines = [];
for (const text of texts) {
    try {
        lines.push(JSON.stringify(line(text)));
    } catch (error) {
        warn(`rejected: ${text}: ${String(error).split('\n')[0]}`);
    }
}
console.log(`{"made_with":"opening_hours ${version}","year":${YEAR},"place":[106.555,29.565],"texts":[\n${lines.join(',\n')}\n]}`);
