//! The summary of a coverage analysis.

use serde_json::{Value, json};
use walkshed_analysis::Coverage;
use walkshed_register::Category;

/// Formats a share as a percentage.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Returns the summary as JSON and as text.
pub fn summary(found: &Coverage) -> (Value, Vec<String>) {
    let (total, unit) = (found.total, found.question.need.measure.name());
    let value = json!({
        "people": total.people,
        "covered": total.covered,
        "uncovered": total.uncovered(),
        "offNetwork": total.off_network,
        "share": total.share(),
        "unit": unit,
        "limit": found.question.need.limit,
        "mean": found.mean(),
    });
    let mut lines = vec![format!(
        "{:.0} of {:.0} people ({}) are covered within {} {unit}, {:.0} are not{}",
        total.covered,
        total.people,
        percent(total.share()),
        found.question.need.limit,
        total.uncovered(),
        if total.off_network > 0.0 {
            format!("; {:.0} live off the network", total.off_network)
        } else {
            String::new()
        }
    )];
    if found.question.need.parts.len() > 1 {
        for (share, part) in found.parts.iter().zip(&found.question.need.parts) {
            let name = part.category.map_or("", Category::english);
            lines.push(format!("  {name:30} {}", percent(share.share())));
        }
    }
    (value, lines)
}
