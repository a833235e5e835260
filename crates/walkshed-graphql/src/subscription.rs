//! Subscriptions: changes of the register, progress of imports and jobs.

use super::enums::RecordKind;
use super::event_source::{Event, Source, begins, event};
use super::ids::NodeId;
use super::jobs::{Job, current_job, ticks};
use super::mutation::check_progress_id;
use super::register::{Center, Node, find_node};
use crate::arguments::distinct_values;
use crate::context::{current, kinds, live, standards};
use async_graphql::{Context, ID, Result, SimpleObject, Subscription as SubscriptionMacro};
use futures_util::{Stream, StreamExt, stream};
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use walkshed_analysis::world::World;
use walkshed_live::{Change, ChangedItem, ImportProgress};
use walkshed_register as register;

/// A change of the register.
#[derive(SimpleObject)]
pub struct RegisterChange {
    /// The kind of the changed record. Null if too much changed and all data were reloaded.
    kind: Option<RecordKind>,
    /// The global id of the record, if it has one.
    id: Option<ID>,
    /// The current record. Null if it was deleted.
    node: Option<Node>,
    /// The center that the record belongs to.
    center: Option<Center>,
    /// Whether the record was deleted.
    deleted: bool,
    /// The version of the data that contains the change.
    world_version: String,
}

/// A change of a center or of a record that belongs to it.
#[derive(SimpleObject)]
pub struct CenterChange {
    /// The current center. Null if it was deleted.
    center: Option<Center>,
    /// The kind of the changed record: the center itself, a facility in it, an offer, an event, visits or a suggestion.
    /// Null if all data were reloaded.
    kind: Option<RecordKind>,
    /// The version of the data that contains the change.
    world_version: String,
}

/// The progress of an import.
#[derive(SimpleObject)]
#[graphql(name = "ImportProgress")]
pub struct ImportProgressObject {
    /// The stage: "reading", "checking", "storing", "done" or "failed".
    stage: &'static str,
    /// The number of records processed.
    done: u64,
    /// The total number of records. 0 while unknown.
    total: u64,
}

/// Returns the changes that a subscription selects. A subscriber that lags behind receives a reload instead.
fn changes(receiver: Receiver<Arc<Change>>, wanted: impl Fn(&Change) -> Option<Event> + Send + 'static) -> Source {
    let events = stream::unfold((receiver, wanted), |(mut receiver, wanted)| async move {
        loop {
            let event = match receiver.recv().await {
                Ok(change) => wanted(&change),
                Err(RecvError::Lagged(_)) => Some(Event::Reloaded),
                Err(RecvError::Closed) => return None,
            };
            if let Some(event) = event {
                return Some((event, (receiver, wanted)));
            }
        }
    });
    Source { events: events.boxed(), holds_complete_state: false }
}

/// Returns the selected items of a change.
fn items(all: &[ChangedItem], wanted: impl Fn(&ChangedItem) -> bool) -> Option<Event> {
    let list: Vec<ChangedItem> = all.iter().filter(|item| wanted(item)).cloned().collect();
    (!list.is_empty()).then_some(Event::Items(list))
}

fn register_change(ctx: &Context<'_>, world: &Arc<World>, item: Option<&ChangedItem>) -> RegisterChange {
    let id = item.filter(|i| i.id > 0).map(|i| ID::from(NodeId::new(i.kind, i.id)));
    RegisterChange {
        kind: item.map(|i| i.kind.into()),
        node: id
            .as_ref()
            .filter(|_| item.is_some_and(|i| !i.deleted))
            .and_then(|id| find_node(world, (kinds(ctx), standards(ctx)), id)),
        id,
        center: item.and_then(|i| i.center).and_then(|center| Center::by_id(world, center)),
        deleted: item.is_some_and(|i| i.deleted),
        world_version: world.version.clone(),
    }
}

/// The subscriptions.
#[derive(Default)]
pub struct Subscription;

#[SubscriptionMacro]
impl Subscription {
    /// Reports changes of the register as they take effect.
    async fn register_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only changes of these kinds of records, at most 1,000. If empty or omitted, all changes.")]
        kinds: Option<Vec<RecordKind>>,
    ) -> Result<impl Stream<Item = RegisterChange> + use<>> {
        let wanted = distinct_values(ctx, "kinds", kinds)?;
        let changed = live(ctx)?.changes();
        let source = || {
            changes(changed, move |change| match change {
                Change::Items(all) => items(all, |item| wanted.is_empty() || wanted.contains(&item.kind.into())),
                Change::Reloaded(_) => Some(Event::Reloaded),
            })
        };
        let world = current(ctx);
        let list: Vec<RegisterChange> = match event(ctx, source) {
            Some(Event::Items(items)) => items.iter().map(|item| register_change(ctx, world, Some(item))).collect(),
            Some(Event::Reloaded) => vec![register_change(ctx, world, None)],
            _ => Vec::new(),
        };
        Ok(stream::iter(list))
    }

    /// Reports changes of a center and of the records that belong to it: facilities, offers, events, visits and
    /// suggestions.
    async fn center_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The 12-digit division code.")] code: String,
    ) -> Result<impl Stream<Item = CenterChange> + use<>> {
        let (changed, wanted) = (live(ctx)?.changes(), code.clone());
        let source = || {
            changes(changed, move |change| match change {
                Change::Items(all) => items(all, |item| item.codes.iter().any(|code| code.as_str() == wanted)),
                // After a reload, report only if this center itself changed.
                Change::Reloaded(codes) => codes.iter().any(|code| code.as_str() == wanted).then_some(Event::Reloaded),
            })
        };
        let world = current(ctx);
        let center_change = |kind: Option<register::RecordKind>| CenterChange {
            center: world.register.centers.index_of_key(&code).map(|i| Center::at(world, i)),
            kind: kind.map(Into::into),
            world_version: world.version.clone(),
        };
        let list: Vec<CenterChange> = match event(ctx, source) {
            Some(Event::Items(items)) => items.iter().map(|item| center_change(Some(item.kind))).collect(),
            Some(Event::Reloaded) => vec![center_change(None)],
            _ => Vec::new(),
        };
        Ok(stream::iter(list))
    }

    /// Reports the progress of a job until it ends.
    async fn job_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the job.")] id: ID,
    ) -> Result<impl Stream<Item = Result<Job>> + use<>> {
        if begins(ctx) {
            let events = ticks(ctx, &id).await?.map(|_| Event::Job).boxed();
            event(ctx, || Source { events, holds_complete_state: true });
            return Ok(stream::iter(None));
        }
        Ok(stream::iter(Some(current_job(ctx, &id).await)))
    }

    /// Reports the progress of an import until it succeeds or fails. Subscribe before sending the import.
    async fn import_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The `progressId` given in the import, 8 to 200 characters.")] id: String,
    ) -> Result<impl Stream<Item = ImportProgressObject> + use<>> {
        check_progress_id("id", &id)?;
        let receiver = live(ctx)?.progress();
        let source = || {
            // The stream ends after the final step.
            let events = stream::unfold(Some((receiver, id)), |state| async {
                let (mut receiver, id) = state?;
                loop {
                    match receiver.recv().await {
                        Ok(progress) if progress.id == id => {
                            let rest = (!progress.is_last()).then_some((receiver, id));
                            return Some((Event::Import(vec![progress]), rest));
                        }
                        Ok(_) | Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return None,
                    }
                }
            });
            Source { events: events.boxed(), holds_complete_state: false }
        };
        let to_object = |p: &Arc<ImportProgress>| ImportProgressObject { stage: p.stage, done: p.done, total: p.total };
        let steps: Vec<ImportProgressObject> = match event(ctx, source) {
            Some(Event::Import(steps)) => steps.iter().map(to_object).collect(),
            _ => Vec::new(),
        };
        Ok(stream::iter(steps))
    }
}
