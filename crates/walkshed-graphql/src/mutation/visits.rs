//! Mutations of visit counts.

use super::write::{reference, write};
use crate::auth::require;
use crate::context::{Nullable, live};
use crate::enums::Audience;
use crate::register::{Center, VisitDay};
use crate::scalars::Day;
use crate::user_error::UserError;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use walkshed_register::{self as register, Edit, Role, Validate};

/// A visit count.
#[derive(InputObject, Debug, Clone)]
pub struct VisitCountInput {
    /// The hour of the day, 0 to 23. If omitted, the count is for the whole day.
    hour: Option<u8>,
    /// The audience counted. The count of EVERYONE includes all other audiences.
    #[graphql(default_with = "Audience::Everyone")]
    audience: Audience,
    /// The number of visits, at most 10,000,000.
    count: u32,
}

/// All visit counts of a center on a day. They replace the previous counts of that day.
#[derive(InputObject, Debug, Clone)]
pub struct RecordVisitsInput {
    /// The id of the center.
    center: ID,
    /// The day.
    day: Day,
    /// The counts, at most 500. An empty list deletes the day.
    counts: Vec<VisitCountInput>,
}

/// The result of recording visits.
#[derive(SimpleObject)]
pub struct RecordVisitsPayload {
    /// The center. Null if nothing was stored.
    center: Option<Center>,
    /// The visits of the day. Null if nothing was stored.
    visits: Option<VisitDay>,
    /// The errors in the input. If there are any, nothing was changed.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct VisitsMutation;

#[Object]
impl VisitsMutation {
    /// Replaces the visit counts of a center on a day. Requires the role CONTRIBUTOR.
    async fn record_visits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The visit counts to record.")] input: RecordVisitsInput,
    ) -> Nullable<RecordVisitsPayload> {
        Some(record(ctx, input).await)
    }
}

async fn record(ctx: &Context<'_>, input: RecordVisitsInput) -> Result<RecordVisitsPayload> {
    require(ctx, Role::Contributor)?;
    let live = live(ctx)?;
    let world = live.world();
    let failed = |user_errors| RecordVisitsPayload { center: None, visits: None, user_errors };
    let center = match reference("center", &world.register.centers, &input.center) {
        Ok(center) => center,
        Err(errors) => return Ok(failed(errors)),
    };
    let count =
        |c: &VisitCountInput| register::VisitCount { hour: c.hour, audience: c.audience.into(), count: c.count };
    let mut day = register::VisitDay { center, day: input.day.0, counts: input.counts.iter().map(count).collect() };
    let problems = day.problems(&live.rules(&world.register));
    if !problems.is_empty() {
        return Ok(failed(problems.into_iter().map(Into::into).collect()));
    }
    day.sort();
    let written = write(ctx, Role::Contributor, vec![Edit::Visits(day)], None).await?;
    Ok(match written {
        Ok(done) => {
            let counts = done.world.register.visits_of(center).map(|v| v.on(input.day.0)).unwrap_or_default();
            RecordVisitsPayload {
                visits: Some(VisitDay::new(input.day.0, counts)),
                center: Center::by_id(&done.world, center),
                user_errors: Vec::new(),
            }
        }
        Err(errors) => failed(errors),
    })
}
