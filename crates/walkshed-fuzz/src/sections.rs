//! Inputs that stand for several texts.

/// Splits an input that stands for several texts, at lines that hold `---` alone.
pub fn sections(data: &[u8]) -> Vec<&[u8]> {
    const MARK: &[u8] = b"\n---\n";
    let mut sections = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
        sections.push(&rest[..at]);
        rest = &rest[at + MARK.len()..];
    }
    sections.push(rest);
    sections
}
