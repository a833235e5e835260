//! Counts of visits.

use super::{UserError, Written, reference, write};
use crate::Nullable;
use crate::auth::require;
use crate::live;
use crate::register::{Center, VisitDay};
use crate::scalars::Day;
use crate::words::Audience;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use walkshed_register::{self as register, Edit, Role};

/// How many came.
#[derive(InputObject, Debug, Clone)]
pub struct VisitCountInput {
    /// Hour of the day, 0 to 23; left out for the whole day.
    hour: Option<u8>,
    /// Who came. Counts of EVERYONE hold those of all others.
    #[graphql(default_with = "Audience::Everyone")]
    audience: Audience,
    /// How many.
    count: u32,
}

/// All that was counted at a center on a day. It takes the place of what was counted before: sent twice, it counts once.
#[derive(InputObject, Debug, Clone)]
pub struct RecordVisitsInput {
    /// The id of the center.
    center: ID,
    /// The day.
    day: Day,
    /// The counts; none takes the day away.
    counts: Vec<VisitCountInput>,
}

/// The visits of a day as they are now.
#[derive(SimpleObject)]
pub struct RecordVisitsPayload {
    /// The center; null when nothing was stored.
    center: Option<Center>,
    /// The day as it is now.
    visits: Option<VisitDay>,
    /// What is wrong with the input; nothing was changed when there is any.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct VisitsMutation;

#[Object]
impl VisitsMutation {
    /// Replaces the counts of a center on a day. Needs the role CONTRIBUTOR.
    async fn record_visits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was counted.")] input: RecordVisitsInput,
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
    let problems = day.check(&live.rules(&world.register));
    if !problems.is_empty() {
        return Ok(failed(problems.into_iter().map(Into::into).collect()));
    }
    day.sort();
    let written: Written = write(ctx, Role::Contributor, vec![Edit::Visits(day)], None).await?;
    Ok(match written {
        Ok(done) => {
            let counts = done.world.register.visits_of(center).map(|v| v.on(input.day.0)).unwrap_or_default();
            RecordVisitsPayload {
                visits: Some(VisitDay::new(input.day.0, counts)),
                center: Center::numbered(&done.world, center),
                user_errors: Vec::new(),
            }
        }
        Err(errors) => failed(errors),
    })
}
