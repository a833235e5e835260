// Compares field errors of a running server with graphql-js: node nulls.mjs http://127.0.0.1:8080/graphql
//
// Sends queries with failing fields to the server. graphql-js then executes the same document with the same schema and with
// resolvers that fail at the same paths and otherwise return the server's values. Both must agree on every null and on the
// order of the keys. Hand-written queries are followed by random queries generated from the schema.
import {
  buildSchema, execute, getNamedType, getNullableType, isEnumType, isInputObjectType, isInterfaceType, isLeafType,
  isListType, isNonNullType, isObjectType, isUnionType, parse, validate,
} from 'graphql';

const url = process.argv[2];
if (!url) {
  console.error('usage: node nulls.mjs URL');
  process.exit(2);
}
const RANDOM = 400;
// Fewer failed fields mean that the comparison was not meaningful.
const MIN_FAILURES = 150;

const sdl = await (await fetch(new URL('/schema', url))).text();
const schema = buildSchema(sdl);

async function ask(query) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

// Returns a placeholder value of a type, for fields beneath a null.
function placeholder(type) {
  const named = getNullableType(type);
  if (isListType(named)) return [];
  if (isEnumType(named)) return named.getValues()[0].value;
  if (isLeafType(named)) return { Int: 0, Float: 0, Boolean: false, String: '', ID: '' }[named.name] ?? '';
  return {};
}

const keys = (path) => {
  const all = [];
  for (let at = path; at; at = at.prev) all.unshift(at.key);
  return all;
};

// Executes a document with graphql-js, with failures at the same paths as on the server.
async function expected(document, answer) {
  const failures = new Map(answer.errors?.map((error) => [JSON.stringify(error.path), error.message]));
  // A failure at a list index requires a list that is long enough.
  const minLength = (path) => {
    let length = 0;
    for (const error of answer.errors ?? []) {
      const inside = path.every((key, i) => error.path[i] === key);
      if (inside && Number.isInteger(error.path[path.length])) length = Math.max(length, error.path[path.length] + 1);
    }
    return length;
  };
  const at = (path) => path.reduce((value, key) => value?.[key], answer.data);
  const complete = (path, type) => {
    if (failures.has(JSON.stringify(path))) return new Error(failures.get(JSON.stringify(path)));
    const nullable = getNullableType(type);
    const found = at(path);
    if (isListType(nullable)) {
      const reached = failures.size > 0 && [...failures.keys()].some((p) => {
        const full = JSON.parse(p);
        return full.length > path.length && path.every((key, i) => full[i] === key);
      });
      if (found === null && !reached) return null;
      const length = Array.isArray(found) ? found.length : minLength(path);
      return Array.from({ length }, (_, i) => complete([...path, i], nullable.ofType));
    }
    if (found !== undefined && found !== null) return isLeafType(nullable) ? found : { found };
    const beneath = [...failures.keys()].some((p) => {
      const full = JSON.parse(p);
      return full.length > path.length && path.every((key, i) => full[i] === key);
    });
    if (found === null && !beneath && !isNonNullType(type)) return null;
    return placeholder(type);
  };
  return execute({
    schema,
    document,
    rootValue: {},
    fieldResolver: (_source, _args, _context, info) => {
      const value = complete(keys(info.path), info.returnType);
      if (value instanceof Error) throw value;
      return value;
    },
    // Uses the type name that the server returned.
    typeResolver: (value, _context, info, type) => {
      const path = keys(info.path);
      return at(path)?.__typename ?? value?.found?.__typename ?? schema.getPossibleTypes(type)[0].name;
    },
  });
}

for (const type of Object.values(schema.getTypeMap())) {
  if (isLeafType(type) && !isEnumType(type) && !type.name.startsWith('__')) type.serialize = (value) => value;
}

let failures = 0;
let compared = 0;
const wrong = [];

async function compare(query) {
  const document = parse(query);
  const invalid = validate(schema, document);
  if (invalid.length > 0) throw new Error(`${query}: ${invalid[0].message}`);
  const answer = await ask(query);
  // The request was refused before its execution: there is nothing to compare.
  if (!('data' in answer)) return;
  failures += answer.errors?.length ?? 0;
  compared += 1;
  const { data } = await expected(document, answer);
  const [theirs, ours] = [JSON.stringify(data), JSON.stringify(answer.data)];
  if (theirs !== ours) wrong.push({ query, errors: answer.errors, 'graphql-js': theirs, walkshed: ours });
}

const bad = 'from: {center: "000000000000"}';
const handWritten = [
  `{ a: __typename walkshed(${bad}) { place { distanceM } } b: __typename }`,
  '{ z: __typename dataset { version } facility { name } a: __typename }',
  '{ facility(id: "x", externalId: "y") { name } serviceCategories { nameZh nameEn category } }',
  `{ route(${bad}, to: {center: "1"}) { minutes } dataset { centerCount version } }`,
  '{ tokens { name } auditLog { actor } viewer { role } }',
  '{ jobs { id } viewer { role } }',
  '{ nodes(ids: ["x", "y"]) { id __typename } node(id: "x") { id } }',
  `{ catchment(of: {cell: "x"}) { minutes } center(code: "x") { name } }`,
  '{ viewer { role } ...F viewer { token } } fragment F on Query { dataset { version } tokens { name } }',
  'mutation { a: deleteCenter(input: {id: "x", version: 1}) { deletedId } b: deleteFacility(input: {id: "x", version: 1}) { deletedId } }',
  'mutation { z: startJob(input: {query: "{ __typename }"}) { job { id } } a: createToken(input: {name: "x", role: READER}) { token } }',
  'mutation { b: __typename a: revokeToken(input: {number: 1}) { userErrors { message } } }',
];

// A seeded generator (mulberry32), so that failures are reproducible.
let state = 20261127;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);

// Returns a literal of an input type; it may be out of range.
function literal(type, depth = 0) {
  if (isNonNullType(type)) return literal(type.ofType, depth);
  if (isListType(type)) return `[${Array.from({ length: below(3) }, () => literal(type.ofType, depth + 1)).join(', ')}]`;
  if (isEnumType(type)) return type.getValues()[below(type.getValues().length)].name;
  if (isInputObjectType(type)) {
    let fields = Object.values(type.getFields()).filter((f) => isNonNullType(f.type) && f.defaultValue === undefined || random() < 0.2 && depth < 3);
    if (type.isOneOf) fields = [Object.values(type.getFields())[below(Object.keys(type.getFields()).length)]];
    return `{${fields.map((f) => `${f.name}: ${literal(f.type, depth + 1)}`).join(', ')}}`;
  }
  switch (type.name) {
    case 'Int': return String([0, -1, 1, 5, 5000][below(5)]);
    case 'Float': return String([-1, 0, 5, 15.5, 100][below(5)]);
    case 'Boolean': return String(random() < 0.5);
    case 'DateTime': return '"2026-11-23T08:00:00Z"';
    case 'Date': return '"2026-11-23"';
    case 'LocalDateTime': return '"2026-11-23T08:00:00"';
    case 'PartialDate': return '"2026"';
    case 'H3Cell': return '"89a901291abffff"';
    case 'GeoJSON': return '{type: "Point", coordinates: [1, 2]}';
    case 'JSON': return '{}';
    default: return JSON.stringify(['', 'x', '500106', '500106013004', 'all'][below(5)]);
  }
}

let counter = 0;
function selection(type, depth) {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (isUnionType(named)) return '{ __typename }';
  const fields = Object.values(named.getFields());
  const picked = [];
  for (let n = 0; n < 1 + below(5); n += 1) {
    const field = fields[below(fields.length)];
    if (depth <= 0 && !isLeafType(getNamedType(field.type))) continue;
    const args = field.args.filter((a) => isNonNullType(a.type) && a.defaultValue === undefined || random() < 0.25);
    const text = args.length ? `(${args.map((a) => `${a.name}: ${literal(a.type)}`).join(', ')})` : '';
    counter += 1;
    picked.push(`f${counter}: ${field.name}${text} ${selection(field.type, depth - 1)}`);
  }
  if (isInterfaceType(named) && depth > 0) {
    const types = schema.getPossibleTypes(named);
    const one = types[below(types.length)];
    picked.push(`... on ${one.name} ${selection(one, depth - 1)}`);
  }
  if (picked.length === 0) picked.push('__typename');
  return `{ ${picked.join(' ')} }`;
}

for (const query of handWritten) await compare(query);
for (let n = 0; n < RANDOM; n += 1) {
  counter = 0;
  await compare(`query Q${n} ${selection(schema.getQueryType(), 4)}`);
}
for (const { query, ...found } of wrong.slice(0, 5)) console.error(query, JSON.stringify(found, null, 1));
console.log(`${compared} queries with ${failures} failed fields compared with graphql-js, ${wrong.length} differ`);
process.exit(wrong.length === 0 && failures >= MIN_FAILURES ? 0 : 1);
