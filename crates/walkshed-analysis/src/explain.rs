//! Explains how an answer was computed, so that a figure in a report can be reproduced.

use crate::access_surface::{Offered, Surface};
use crate::assumptions::assumptions;
use crate::need::{Measure, Part};
use crate::question::Question;
use crate::sites::SiteSearch;
use crate::siting::Objective;
use crate::standard::Standard;
use crate::world::World;
use walkshed_engine::Network;
use walkshed_register::Register;

/// How coverage is computed.
pub const COVERAGE_METHOD: [&str; 3] = [
    "The population is given by H3 cells. Each cell is represented by its centre, which is snapped to the nearest street that its profile can use. A cell beyond the snapping limit is off the network.",
    "One search from all matching facilities finds the nearest facilities of each vertex. A cell takes its distance from the two ends of its street segment, or along the segment directly. A distance equal to the limit is covered.",
    "A cell belongs to the region whose outline contains its centre. Below that level, it belongs to the division of the nearest center in a straight line.",
];

/// How an answer was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Version of the data. Changes whenever any data changes.
    pub world_version: String,
    /// File that the streets were imported from.
    pub streets: String,
    /// When the streets were imported, RFC 3339 in UTC.
    pub streets_imported_at: String,
    /// All parameters with their values, including defaults, named as in the GraphQL API.
    pub parameters: Vec<(String, String)>,
    /// The method and the assumptions, one sentence each.
    pub method: Vec<String>,
}

impl Explanation {
    /// Explains an answer to a question.
    #[must_use]
    pub fn new(world: &World, network: &Network, question: &Question, method: &[&str]) -> Self {
        let mut method: Vec<String> = method.iter().map(|&s| s.to_owned()).collect();
        match question.need.measure {
            Measure::Minutes => method.extend(assumptions(network, question.travel.profile)),
            Measure::Metres => method.push(
                "Lengths are those of the shortest route that the profile can use, plus the straight leg from the place to the street."
                    .into(),
            ),
        }
        let report = &network.meta().report;
        Self {
            world_version: world.version.clone(),
            streets: report.source.clone(),
            streets_imported_at: report.built_at.clone(),
            parameters: parameters(world, question),
            method,
        }
    }

    /// Explains an assessment by a standard. Every requirement is a question of its own, so the need is omitted.
    #[must_use]
    pub fn of_assessment(
        world: &World,
        network: &Network,
        question: &Question,
        standard: &Standard,
        met_share: f64,
    ) -> Self {
        let method = format!(
            "Standard {} ({}): the coverage of each requirement is computed separately. The score is the mean of the shares.",
            standard.key, standard.source
        );
        let mut explanation = Self::new(world, network, question, &[&method]);
        explanation.parameters.retain(|(name, _)| !name.starts_with("need"));
        explanation.parameters.push(("metShare".into(), met_share.to_string()));
        explanation
    }

    /// Explains suggested sites.
    #[must_use]
    pub fn of_sites(world: &World, network: &Network, question: &Question, search: &SiteSearch) -> Self {
        let method = if search.exact_seconds.is_some() {
            "The sites solve a mixed-integer program by branch and bound, starting from the greedy choice. Facilities that are open today stay open unless `mustKeep` omits them. `exact` states whether the program was solved to optimality."
        } else {
            "The sites are chosen one at a time, each the one with the largest gain (greedy, with lazy evaluation). Facilities that are open today stay open unless `mustKeep` omits them. The bound follows from the remaining gains, which only shrink as sites are added."
        };
        let mut explanation = Self::new(world, network, question, &[method]);
        explanation.parameters.extend(search_parameters(search));
        explanation
    }

    /// Explains access measures.
    #[must_use]
    pub fn of_access(world: &World, network: &Network, surface: &Surface) -> Self {
        let (question, measure) = (&surface.question, &surface.measure);
        let supply = match surface.offered {
            Offered::Count => "presence (1)",
            Offered::Capacity => "capacity",
        };
        Self::new(
            world,
            network,
            question,
            &[&format!("Accessibility is measured as {measure:?}. The supply of a facility is its {supply}.")],
        )
    }
}

/// Describes the facilities of a need.
fn facilities_of(parts: &[Part], register: &Register) -> String {
    match parts {
        [Part { category: Some(category), .. }] => format!("category {category}"),
        [Part { criteria, .. }] if !criteria.kinds.is_empty() => format!("kinds {}", criteria.kinds.join(", ")),
        [Part { criteria, .. }] => {
            let services = criteria.services.iter().filter_map(|&s| register.services.get(s));
            format!("service {}", services.map(|s| s.key.as_str()).collect::<Vec<_>>().join(", "))
        }
        parts => {
            let names: Vec<String> = parts.iter().filter_map(|p| p.category).map(|c| c.to_string()).collect();
            format!("all of {}", names.join(", "))
        }
    }
}

fn parameters(world: &World, question: &Question) -> Vec<(String, String)> {
    let need = &question.need;
    let criteria = need.parts.first().map(|p| p.criteria.clone()).unwrap_or_default();
    let mut parameters = vec![
        ("need".to_owned(), facilities_of(&need.parts, &world.register)),
        (format!("need.{}", need.measure.name()), need.limit.to_string()),
        ("need.minCount".to_owned(), need.min_count.to_string()),
        ("need.openAt".to_owned(), criteria.open_at.map_or_else(|| "any hour".into(), |at| at.to_string())),
        ("need.audience".to_owned(), criteria.audience.map_or_else(|| "any".into(), |a| a.to_string())),
        ("need.stepFree".to_owned(), criteria.step_free.to_string()),
        ("region".to_owned(), question.region.as_ref().map_or_else(|| "all".into(), |r| r.as_str().to_owned())),
        ("group".to_owned(), question.group.clone()),
        ("profile".to_owned(), question.travel.profile.to_string()),
        ("direction".to_owned(), format!("{:?}", question.travel.direction).to_lowercase()),
    ];
    if let Some(scenario) = &world.scenario {
        let value = format!("{} (\"{}\", version {})", scenario.key, scenario.name, scenario.version);
        parameters.push(("scenario".to_owned(), value));
    }
    parameters
}

fn search_parameters(search: &SiteSearch) -> Vec<(String, String)> {
    let number = |n: Option<f64>, none: &str| n.map_or_else(|| none.to_owned(), |n| n.to_string());
    let kept = search
        .kept
        .as_ref()
        .map_or_else(|| "all existing facilities".to_owned(), |ids| format!("{} existing facilities", ids.len()));
    let objective: Objective = search.objective;
    [
        ("objective", format!("{objective:?}")),
        ("count", search.count.to_string()),
        ("capacity", number(search.capacity, "unlimited")),
        ("budget", number(search.budget, "none")),
        ("mustKeep", kept),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
