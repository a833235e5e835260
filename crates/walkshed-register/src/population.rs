//! Population by H3 cell and group.

use h3o::CellIndex;

/// The name of the group that contains everyone.
pub const EVERYONE: &str = "all";
/// Maximum length of a group name, in characters.
const MAX_GROUP: usize = 40;

/// The population of one H3 cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PopulationCell {
    pub cell: CellIndex,
    pub people: f64,
}

/// A text that is not a valid group name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a valid group name. Allowed: up to 40 letters, digits and underscores, such as all, 60_plus, 0_6 or new_employment"
)]
pub struct GroupError;

/// Normalizes a group name: `60+` becomes `60_plus`, `0-6` becomes `0_6`; letter case does not matter.
///
/// # Errors
/// [`GroupError`] if the text is not a valid name.
pub fn group_name(text: &str) -> Result<String, GroupError> {
    let name = text.trim().to_lowercase().replace('+', "_plus").replace([' ', '-', '.'], "_");
    let name = match name.as_str() {
        "everyone" | "total" | "全部" | "常住人口" => EVERYONE.to_owned(),
        "elderly" | "老年人" => "60_plus".to_owned(),
        _ => name,
    };
    let fits =
        !name.is_empty() && name.chars().count() <= MAX_GROUP && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    fits.then_some(name).ok_or(GroupError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizes_group_names() {
        for (text, name) in
            [("60+", "60_plus"), (" 0-6 ", "0_6"), ("All", "all"), ("新就业群体", "新就业群体"), ("全部", "all")]
        {
            assert_eq!(group_name(text).as_deref(), Ok(name));
        }
        for invalid in ["", "a;b", &"x".repeat(41)] {
            assert_eq!(group_name(invalid), Err(GroupError));
        }
    }
}
