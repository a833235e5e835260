//! What can be followed: changes of the register, imports as they go.

use super::following::{Source, begins, event};
use super::ids::NodeId;
use super::jobs::{Job, as_it_is, ticks};
use super::mutation::check_progress_id;
use super::register::{Center, Node, node_of, words};
use super::words::RecordKind;
use super::{current, kinds, live, standards};
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
    /// What sort of thing was changed; null when so much was that everything was loaded anew.
    kind: Option<RecordKind>,
    /// Its global id, where it has one.
    id: Option<ID>,
    /// The thing as it is now; null when it was deleted.
    node: Option<Node>,
    /// The center it belongs to.
    center: Option<Center>,
    /// Was it deleted?
    deleted: bool,
    /// The version of the world in which it is so.
    world_version: String,
}

/// A change of a center, or of what belongs to it.
#[derive(SimpleObject)]
pub struct CenterChange {
    /// The center as it is now; null when it was deleted.
    center: Option<Center>,
    /// What was changed: the center itself, a facility in it, an offer, an event, visits or a suggestion. Null when
    /// everything was loaded anew.
    kind: Option<RecordKind>,
    /// The version of the world in which it is so.
    world_version: String,
}

/// How far an import has come.
#[derive(SimpleObject)]
pub struct ImportProgressObject {
    /// reading, checking, storing, done or failed.
    stage: &'static str,
    /// Records done.
    done: u64,
    /// Records in all; 0 while that is not known.
    total: u64,
}

/// More changes at a time are told of as if everything was loaded anew.
const MOST_ITEMS: usize = 500;

/// Steps of an import that are told one by one.
const MOST_STEPS: usize = 50;

/// What happens to what is followed.
#[derive(Debug, Clone)]
pub enum Event {
    /// These records have changed.
    Items(Vec<ChangedItem>),
    /// Everything was loaded anew.
    Reloaded,
    /// An import came further, step by step.
    Import(Vec<Arc<ImportProgress>>),
    /// A job came further.
    Job,
}

impl Event {
    /// Both events as one. Of what was changed twice, the last change is told; of many steps, the last of each stage.
    #[must_use]
    pub fn with(self, later: Self) -> Self {
        match (self, later) {
            (Self::Items(mut items), Self::Items(more)) => {
                let is_again = |item: &ChangedItem| {
                    item.id != 0 && more.iter().any(|m| (m.kind, m.id, m.center) == (item.kind, item.id, item.center))
                };
                items.retain(|item| !is_again(item));
                items.extend(more);
                if items.len() > MOST_ITEMS { Self::Reloaded } else { Self::Items(items) }
            }
            (Self::Reloaded, Self::Items(_)) | (Self::Items(_), Self::Reloaded) => Self::Reloaded,
            (Self::Import(mut steps), Self::Import(more)) => {
                steps.extend(more);
                if steps.len() > MOST_STEPS {
                    steps.reverse();
                    steps.dedup_by_key(|step| step.stage);
                    steps.reverse();
                }
                Self::Import(steps)
            }
            (_, later) => later,
        }
    }
}

/// All changes a subscription wants to hear of; who is too slow to hear of each hears that much has changed.
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
    Source { events: events.boxed(), says_all: false }
}

/// The items of a change that are wanted.
fn items(all: &[ChangedItem], wanted: impl Fn(&ChangedItem) -> bool) -> Option<Event> {
    let list: Vec<ChangedItem> = all.iter().filter(|item| wanted(item)).cloned().collect();
    (!list.is_empty()).then_some(Event::Items(list))
}

fn told(ctx: &Context<'_>, world: &Arc<World>, item: Option<&ChangedItem>) -> RegisterChange {
    let id = item.filter(|i| i.id > 0).map(|i| ID::from(NodeId::new(i.kind, i.id)));
    RegisterChange {
        kind: item.map(|i| i.kind.into()),
        node: id
            .as_ref()
            .filter(|_| item.is_some_and(|i| !i.deleted))
            .and_then(|id| node_of(world, (kinds(ctx), standards(ctx)), id)),
        id,
        center: item.and_then(|i| i.center).and_then(|center| Center::numbered(world, center)),
        deleted: item.is_some_and(|i| i.deleted),
        world_version: world.version.clone(),
    }
}

/// Everything that can be followed.
#[derive(Default)]
pub struct Subscription;

#[SubscriptionMacro]
impl Subscription {
    /// Changes of the register, as they come into force.
    async fn register_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these sorts of things, at most 1,000; all when empty or left out.")] kinds: Option<
            Vec<RecordKind>,
        >,
    ) -> Result<impl Stream<Item = RegisterChange> + use<>> {
        let wanted = words(ctx, "kinds", kinds)?;
        let changed = live(ctx)?.changes();
        let source = || {
            changes(changed, move |change| match change {
                Change::Items(all) => items(all, |item| wanted.is_empty() || wanted.contains(&item.kind.into())),
                Change::Reloaded(_) => Some(Event::Reloaded),
            })
        };
        let world = current(ctx);
        let list: Vec<RegisterChange> = match event(ctx, source) {
            Some(Event::Items(items)) => items.iter().map(|item| told(ctx, world, Some(item))).collect(),
            Some(Event::Reloaded) => vec![told(ctx, world, None)],
            _ => Vec::new(),
        };
        Ok(stream::iter(list))
    }

    /// Changes of one center and of what belongs to it: its facilities, offers, events, visits, suggestions.
    async fn center_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The 12-digit division code.")] code: String,
    ) -> Result<impl Stream<Item = CenterChange> + use<>> {
        let (changed, wanted) = (live(ctx)?.changes(), code.clone());
        let source = || {
            changes(changed, move |change| match change {
                Change::Items(all) => items(all, |item| item.codes.iter().any(|code| code.as_str() == wanted)),
                // Everything was loaded anew: did this center change in itself?
                Change::Reloaded(codes) => codes.iter().any(|code| code.as_str() == wanted).then_some(Event::Reloaded),
            })
        };
        let world = current(ctx);
        let told = |kind: Option<register::RecordKind>| CenterChange {
            center: world.register.centers.place_of(&code).map(|i| Center::at(world, i)),
            kind: kind.map(Into::into),
            world_version: world.version.clone(),
        };
        let list: Vec<CenterChange> = match event(ctx, source) {
            Some(Event::Items(items)) => items.iter().map(|item| told(Some(item.kind))).collect(),
            Some(Event::Reloaded) => vec![told(None)],
            _ => Vec::new(),
        };
        Ok(stream::iter(list))
    }

    /// A job whenever it comes further, until it has ended.
    async fn job_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<impl Stream<Item = Result<Job>> + use<>> {
        if begins(ctx) {
            let events = ticks(ctx, &id).await?.map(|_| Event::Job).boxed();
            event(ctx, || Source { events, says_all: true });
            return Ok(stream::iter(None));
        }
        Ok(stream::iter(Some(as_it_is(ctx, &id).await)))
    }

    /// How far an import has come, until it is done or has failed. Subscribe before you send it.
    async fn import_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The `progressId` of the import, 8 to 200 characters.")] id: String,
    ) -> Result<impl Stream<Item = ImportProgressObject> + use<>> {
        check_progress_id("id", &id)?;
        let receiver = live(ctx)?.progress();
        let source = || {
            // The last word is told, and the stream ends with it.
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
            Source { events: events.boxed(), says_all: false }
        };
        let told = |p: &Arc<ImportProgress>| ImportProgressObject { stage: p.stage, done: p.done, total: p.total };
        let steps: Vec<ImportProgressObject> = match event(ctx, source) {
            Some(Event::Import(steps)) => steps.iter().map(told).collect(),
            _ => Vec::new(),
        };
        Ok(stream::iter(steps))
    }
}
