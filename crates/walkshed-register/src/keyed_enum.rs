//! Enumerations with a key for files and the database and a Chinese name for each variant. Both are accepted as input.

/// A text that is neither a key nor a Chinese name of the enumeration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not {what}. Allowed: {known}")]
pub struct UnknownVariant {
    pub what: &'static str,
    /// All keys with their Chinese names.
    pub known: String,
}

/// Normalizes a key: lower case, with spaces and hyphens as underscores.
#[must_use]
pub fn plain_key(text: &str) -> String {
    text.trim().to_lowercase().replace([' ', '-'], "_")
}

/// Defines an enumeration with keys and Chinese names.
macro_rules! keyed_enum {
    ($(#[$meta:meta])* $name:ident, $what:literal, { $($(#[$vmeta:meta])* $variant:ident = $key:literal, $chinese:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$vmeta])* #[serde(rename = $key)] $variant, )+
        }

        impl $name {
            /// All variants, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the key in files and in the database.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),+ }
            }

            /// Returns the Chinese name.
            #[must_use]
            pub const fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $chinese),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.key())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownVariant;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let key = $crate::plain_key(text);
                Self::ALL.iter().copied().find(|v| v.key() == key || v.chinese() == text.trim()).ok_or_else(|| {
                    let all: Vec<String> = Self::ALL.iter().map(|v| format!("{} ({})", v.key(), v.chinese())).collect();
                    $crate::UnknownVariant { what: $what, known: all.join(", ") }
                })
            }
        }
    };
}

pub(crate) use keyed_enum;
