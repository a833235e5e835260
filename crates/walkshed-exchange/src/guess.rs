//! Detects whether a text that is not UTF-8 is Chinese in GB18030. Almost any bytes are valid GB18030, so the likelihood of the
//! decoded characters is compared with that of the same bytes in other encodings.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, KOI8_R, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Characters ordered by frequency in names of places and facilities; see `tests/reference/han.py`.
const HAN: &str = include_str!("han.txt");
/// Frequency bands: the end rank of a band, and the share of a text that its characters make up together.
const RANKS: [(usize, f32); 6] =
    [(100, 0.39), (300, 0.24), (700, 0.196), (1500, 0.1165), (3000, 0.0445), (5000, 0.009)];
/// Number of bytes of non-ASCII lines that are examined.
const SAMPLE: usize = 16 * 1024;
/// The natural logarithm of the factor by which GB18030 must be likelier than any other encoding.
const MARGIN: f32 = 1.0;

// Log-likelihoods (natural) of characters outside the tables.
const ASCII: f32 = -3.0;
const PUNCTUATION: f32 = -6.0;
const SYMBOL: f32 = -9.0;
const RARE_HAN: f32 = -13.5;
const FOREIGN: f32 = -14.0;
const PRIVATE_USE: f32 = -30.0;
/// Penalty for a Chinese character next to a lower-case Latin letter, which is most likely an accented letter.
const ADJACENT_LATIN: f32 = -4.0;

/// Characters common in Japanese names of places and facilities.
const KANJI: &str = "病院医診療所学校市区町村駅図書館公園保育幼稚園大小中高東西南北京都県立民役場郵便局銀行薬歯科内外児眼皮膚介護福祉会老人消防警\
                     察署体総合文化交流費生活山川田島木本野上下原松井谷崎津森林水新古石金藤佐橋宮神社寺前後台丘第一二三四五六七八九十号店通丁目番地\
                     名称住話営業時間日月火土祝休";
/// Characters common in Korean names of places and facilities.
const HANGUL: &str = "병원약국학교유치원도서관시청구동사무소공은행우체경찰방보건의료센터마트육주민복지회어린이집중고등초대한인서울부산광전강남북기로길역\
                      점정수성신영장상안양천평화진해문금일삼호제아파단가다라바나자차카타하미연선현재명종통운창석덕계곡암홍송월당면읍리군백세포박물예\
                      술극식음편노요분실험내외과피물터널";

/// Log-likelihoods of simplified and traditional characters.
static COMMON: LazyLock<[HashMap<char, f32>; 2]> = LazyLock::new(|| {
    let mut lists = HAN.lines().filter(|line| !line.starts_with('#')).map(likelihoods);
    [lists.next().unwrap_or_default(), lists.next().unwrap_or_default()]
});

/// Characters common in Japanese and in Korean.
static JAPANESE_AND_KOREAN: LazyLock<[HashSet<char>; 2]> =
    LazyLock::new(|| [KANJI, HANGUL].map(|list| list.chars().collect()));

fn likelihoods(list: &str) -> HashMap<char, f32> {
    let band = |rank: usize| {
        let i = RANKS.iter().position(|(end, _)| rank < *end)?;
        let begin = if i == 0 { 0 } else { RANKS[i - 1].0 };
        Some((RANKS[i].1 / (RANKS[i].0 - begin) as f32).ln())
    };
    list.chars().enumerate().filter_map(|(rank, c)| Some((c, band(rank)?))).collect()
}

/// A candidate encoding.
struct Candidate {
    encoding: &'static Encoding,
    /// Penalty for encodings that are rarer in files than GB18030.
    penalty: f32,
    likelihood: fn(&str) -> f32,
}

const CANDIDATES: [Candidate; 8] = [
    Candidate { encoding: GB18030, penalty: 0.0, likelihood: |text| by_character(text, simplified) },
    Candidate { encoding: BIG5, penalty: 2.0, likelihood: |text| by_character(text, traditional) },
    Candidate { encoding: SHIFT_JIS, penalty: 2.0, likelihood: |text| by_character(text, japanese) },
    Candidate { encoding: EUC_JP, penalty: 3.5, likelihood: |text| by_character(text, japanese) },
    Candidate { encoding: EUC_KR, penalty: 2.0, likelihood: |text| by_character(text, korean) },
    Candidate { encoding: WINDOWS_1252, penalty: 2.0, likelihood: latin },
    Candidate { encoding: WINDOWS_1251, penalty: 8.0, likelihood: |text| by_character(text, cyrillic) },
    Candidate { encoding: KOI8_R, penalty: 8.0, likelihood: |text| by_character(text, cyrillic) },
];

/// The detected encoding of a text that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    /// Chinese in GB18030.
    Chinese,
    /// Another encoding.
    Other(&'static Encoding),
    /// Too short to decide between GB18030 and this encoding.
    Unclear(&'static Encoding),
}

/// Detects the encoding.
#[must_use]
pub fn guess(bytes: &[u8]) -> Guess {
    let sample = sample(bytes);
    let mut best: Option<(f32, &'static Encoding)> = None;
    let mut chinese = f32::NEG_INFINITY;
    for Candidate { encoding, penalty, likelihood } in &CANDIDATES {
        let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(&sample) else { continue };
        let score = likelihood(&text) - penalty;
        if *encoding == GB18030 {
            chinese = score;
        } else if best.is_none_or(|(most, _)| score > most) {
            best = Some((score, *encoding));
        }
    }
    match best {
        Some((score, other)) if chinese < score - MARGIN => Guess::Other(other),
        Some((score, other)) if chinese < score + MARGIN => Guess::Unclear(other),
        _ => Guess::Chinese,
    }
}

/// Returns whether a character is common in Chinese names.
#[must_use]
pub fn is_common(c: char) -> bool {
    COMMON[0].contains_key(&c)
}

/// Returns the first lines with non-ASCII bytes. None of the encodings uses the byte of a line feed inside a character.
fn sample(bytes: &[u8]) -> Vec<u8> {
    let mut sample = Vec::new();
    for line in bytes.split_inclusive(|b| *b == b'\n').filter(|line| !line.is_ascii()) {
        if !sample.is_empty() && sample.len() + line.len() > SAMPLE {
            break;
        }
        sample.extend_from_slice(line);
    }
    sample
}

/// Sums the log-likelihoods of the characters, with a penalty for non-ASCII characters next to lower-case Latin letters.
fn by_character(text: &str, likelihood: fn(char) -> f32) -> f32 {
    let (mut sum, mut before) = (0.0, ' ');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_ascii() {
            sum += ASCII;
        } else {
            let touches = [Some(before), rest.peek().copied()].into_iter().flatten().filter(char::is_ascii_lowercase);
            sum += likelihood(c) + ADJACENT_LATIN * touches.count() as f32;
        }
        before = c;
    }
    sum
}

/// Returns the log-likelihood of punctuation and symbols of East Asian text.
fn common_sign(c: char) -> Option<f32> {
    match c {
        '、'
        | '。'
        | '“'
        | '”'
        | '‘'
        | '’'
        | '《'
        | '》'
        | '【'
        | '】'
        | '—'
        | '…'
        | '·'
        | '№'
        | '〇'
        | '\u{ff01}'..='\u{ff5e}' => Some(PUNCTUATION),
        '\u{2010}'..='\u{206f}'
        | '\u{2160}'..='\u{217f}'
        | '\u{2460}'..='\u{24ff}'
        | '\u{3000}'..='\u{303f}'
        | '\u{3300}'..='\u{33ff}' => Some(SYMBOL),
        '\u{e000}'..='\u{f8ff}' => Some(PRIVATE_USE),
        _ => None,
    }
}

const fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

fn simplified(c: char) -> f32 {
    let [simplified, traditional] = &*COMMON;
    let known = simplified.get(&c).copied().or_else(|| common_sign(c));
    // Traditional characters occur in names too, but more rarely.
    known.or_else(|| traditional.get(&c).map(|l| l - 3.5)).unwrap_or(if is_han(c) { RARE_HAN } else { FOREIGN })
}

fn traditional(c: char) -> f32 {
    let known = COMMON[1].get(&c).copied().or_else(|| common_sign(c));
    known.unwrap_or(if is_han(c) { RARE_HAN } else { FOREIGN })
}

fn japanese(c: char) -> f32 {
    match c {
        '\u{3041}'..='\u{30fc}' => -5.5,
        '\u{ff61}'..='\u{ff9f}' => -9.0,
        _ if JAPANESE_AND_KOREAN[0].contains(&c) => -6.1,
        _ if is_han(c) && is_kanji_of_level_1(c) => -9.6,
        _ if is_han(c) => RARE_HAN,
        _ => common_sign(c).unwrap_or(FOREIGN),
    }
}

/// Returns whether a character is one of the 2,965 level-1 kanji of JIS X 0208 (rows 16 to 47).
fn is_kanji_of_level_1(c: char) -> bool {
    let mut buffer = [0; 4];
    let (bytes, _, unmappable) = EUC_JP.encode(c.encode_utf8(&mut buffer));
    !unmappable && bytes.first().is_some_and(|lead| (0xb0..=0xcf).contains(lead))
}

fn korean(c: char) -> f32 {
    match c {
        _ if JAPANESE_AND_KOREAN[1].contains(&c) => -5.7,
        '\u{ac00}'..='\u{d7a3}' => -8.7,
        _ if is_han(c) => RARE_HAN,
        _ => common_sign(c).unwrap_or(FOREIGN),
    }
}

fn cyrillic(c: char) -> f32 {
    match c {
        'а'..='я' | 'ё' => -3.4,
        'А'..='Я' | 'Ё' => -5.5,
        _ => SYMBOL,
    }
}

/// Returns the log-likelihood of Latin text: accented letters occur next to ASCII letters, symbols stand alone.
fn latin(text: &str) -> f32 {
    let (mut sum, mut before) = (0.0, ' ');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        let touches_ascii = before.is_ascii_alphabetic() || after.is_ascii_alphabetic();
        sum += match c {
            _ if c.is_ascii() => ASCII,
            _ if c.is_lowercase() && touches_ascii => -3.5,
            _ if c.is_lowercase() && (before.is_alphabetic() || after.is_alphabetic()) => -5.0,
            _ if c.is_uppercase() && touches_ascii => -5.0,
            _ => -7.0,
        };
        before = c;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str], encoding: &'static Encoding) -> Guess {
        let rows: String = names.iter().flat_map(|name| [name, ",clinic,106.5,29.5\n"]).collect();
        let text = format!("name,kind,lon,lat\n{rows}");
        let (bytes, _, damaged) = encoding.encode(&text);
        assert!(!damaged, "{names:?} in {}", encoding.name());
        guess(&bytes)
    }

    #[test]
    fn detects_chinese_names() {
        for name in [
            "诊所",
            "药店",
            "公园",
            "厕所",
            "银行",
            "图书馆",
            "甲",
            "甲乙",
            "测试",
            "綦江",
            "犍为",
            "昝岗",
            "亳州",
            "邛崃",
            "甪直",
            "瀍河",
            "婺源",
            "黟县",
            "垫江",
            "咖啡",
            "酒吧",
            "鑫鑫药房",
            "喆喆幼儿园",
            "㙍城医院",
            "龘龘诊所",
            "重庆市九龙坡区石坪桥街道社区卫生服务中心",
            "KTV歌厅",
            "A座3楼",
            "（原）渝中区医院",
            "臺北同鄉會館",
        ] {
            assert_eq!(of(&[name], GB18030), Guess::Chinese, "{name}");
        }
    }

    #[test]
    fn does_not_take_other_languages_for_chinese() {
        for (encoding, names) in [
            (
                BIG5,
                &["診所", "醫院", "臺北市立聯合醫院", "公園", "圖書館", "藥局", "國民小學", "捷運站", "便利商店"][..],
            ),
            (SHIFT_JIS, &["東京医院", "病院", "診療所", "クリニック", "薬局", "公園", "図書館", "新宿区立小学校"]),
            (EUC_JP, &["東京医院", "病院", "診療所", "クリニック", "薬局", "図書館", "新宿区立小学校"]),
            (EUC_KR, &["병원", "서울병원", "약국", "초등학교", "도서관", "공원", "은행", "우체국"]),
            (WINDOWS_1252, &["Farmácia", "Hôpital", "Müller", "Zürich", "Clínica São João", "Peña", "Straße"]),
            (WINDOWS_1251, &["Аптека", "Больница", "Поликлиника"]),
            (KOI8_R, &["Аптека", "Больница"]),
        ] {
            for name in names {
                let found = of(&[name], encoding);
                assert_ne!(found, Guess::Chinese, "{name} in {}", encoding.name());
            }
            // Two rows are enough for a decision.
            assert_eq!(of(&names[..2], encoding), Guess::Other(encoding), "{names:?}");
        }
    }

    #[test]
    fn character_lists_are_complete() {
        let [simplified, traditional] = &*COMMON;
        assert_eq!(simplified.len(), 5000);
        assert!(traditional.len() > 4000, "{}", traditional.len());
        assert!(simplified[&'区'] > simplified[&'綦'] && traditional.contains_key(&'區'));
        assert!("医院".chars().all(is_common) && !"hotel Аптека 釁".chars().any(is_common));
    }
}
