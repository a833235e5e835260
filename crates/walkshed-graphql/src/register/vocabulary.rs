//! The service categories and the kinds of facilities.

use crate::context::{current, kinds};
use crate::types::Category;
use async_graphql::{Context, Object, SimpleObject};
use walkshed_register as register;

/// A service category and its number of facilities.
#[derive(SimpleObject)]
pub struct ServiceCategory {
    /// The category.
    category: Category,
    /// The name in English.
    name_en: &'static str,
    /// The name in Chinese.
    name_zh: &'static str,
    /// The number of open facilities in this category.
    facility_count: u64,
}

/// A kind of facility.
#[derive(SimpleObject)]
pub struct FacilityKind {
    /// The key.
    key: String,
    /// The name in Chinese.
    name: String,
    /// The name in English.
    name_en: String,
    /// The default category of facilities of this kind.
    category: Category,
}

#[derive(Default)]
pub struct VocabularyQuery;

/// Queries about categories and kinds.
#[Object]
impl VocabularyQuery {
    /// Lists the seven service categories.
    #[graphql(complexity = "7 * child_complexity + 1")]
    async fn service_categories(&self, ctx: &Context<'_>) -> Vec<ServiceCategory> {
        let counts = current(ctx).facilities_by_category();
        let category = |(c, n): (register::Category, u64)| ServiceCategory {
            category: c.into(),
            name_en: c.english(),
            name_zh: c.chinese(),
            facility_count: n,
        };
        register::Category::ALL.into_iter().zip(counts).map(category).collect()
    }

    /// Lists the kinds of facilities: built-in ones and those of the server's configuration.
    #[graphql(complexity = "60 * child_complexity + 1")]
    async fn facility_kinds(&self, ctx: &Context<'_>) -> Vec<FacilityKind> {
        let kind = |k: &register::FacilityKind| FacilityKind {
            key: k.key.clone(),
            name: k.name.clone(),
            name_en: k.name_en.clone(),
            category: k.category.into(),
        };
        kinds(ctx).all().map(kind).collect()
    }
}
