//! What can be followed: changes of the register, imports as they go.

use super::ids::NodeId;
use super::jobs::{Job, follow};
use super::live;
use super::register::{Center, Node, node_of, words};
use super::words::RecordKind;
use crate::live::{Change, ChangedItem};
use crate::registry;
use async_graphql::{Context, ID, Result, SimpleObject, Subscription as SubscriptionMacro};
use futures_util::{Stream, StreamExt, stream};
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

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

/// All that comes from a channel; who is too slow misses some, and goes on with the next.
fn all<T: Clone + Send + 'static>(receiver: Receiver<T>) -> impl Stream<Item = T> + Send {
    stream::unfold(receiver, |mut receiver| async move {
        loop {
            match receiver.recv().await {
                Ok(item) => return Some((item, receiver)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
}

fn told(change: &Change, item: Option<&ChangedItem>) -> RegisterChange {
    let world = &change.world;
    let id = item.filter(|i| i.id > 0).map(|i| ID::from(NodeId::new(i.kind, i.id)));
    RegisterChange {
        kind: item.map(|i| i.kind.into()),
        node: id.as_ref().filter(|_| item.is_some_and(|i| !i.deleted)).and_then(|id| node_of(world, id)),
        id,
        center: item.and_then(|i| i.center).and_then(|center| Center::numbered(world, center)),
        deleted: item.is_some_and(|i| i.deleted),
        world_version: world.version.clone(),
    }
}

/// What there is to tell of a center after a change.
fn of_center(change: &Change, code: &str) -> Vec<CenterChange> {
    let (now, then) = (&change.world.register, &change.before.register);
    let place = now.centers.place_of(code);
    let known = place.map(|i| &now.centers[i]).or_else(|| then.centers.find(code));
    let told = |kind: Option<registry::RecordKind>| CenterChange {
        center: place.map(|i| Center::at(&change.world, i)),
        kind: kind.map(Into::into),
        world_version: change.world.version.clone(),
    };
    if change.items.is_empty() {
        // Everything was loaded anew: did this center change in itself?
        let same = then.centers.find(code).map(|c| &**c) == place.map(|i| &*now.centers[i]);
        return if same { Vec::new() } else { vec![told(None)] };
    }
    let Some(id) = known.map(|c| c.id) else { return Vec::new() };
    change.items.iter().filter(|item| item.center == Some(id)).map(|item| told(Some(item.kind))).collect()
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
        let kinds = words(ctx, "kinds", kinds)?;
        let changes = all(live(ctx)?.changes());
        Ok(changes.flat_map(move |change: Arc<Change>| {
            let wanted = |item: &&ChangedItem| kinds.is_empty() || kinds.contains(&item.kind.into());
            let list: Vec<RegisterChange> = if change.items.is_empty() {
                vec![told(&change, None)]
            } else {
                change.items.iter().filter(wanted).map(|item| told(&change, Some(item))).collect()
            };
            stream::iter(list)
        }))
    }

    /// Changes of one center and of what belongs to it: its facilities, offers, events, visits, suggestions.
    async fn center_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The 12-digit division code.")] code: String,
    ) -> Result<impl Stream<Item = CenterChange> + use<>> {
        let changes = all(live(ctx)?.changes());
        Ok(changes.flat_map(move |change: Arc<Change>| stream::iter(of_center(&change, &code))))
    }

    /// A job whenever it comes further, until it has ended.
    async fn job_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<impl Stream<Item = Result<Job>> + use<>> {
        follow(ctx, id).await
    }

    /// How far an import has come, until it is done or has failed. Subscribe before you send it.
    async fn import_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The `progressId` of the import.")] id: String,
    ) -> Result<impl Stream<Item = ImportProgressObject> + use<>> {
        let mine = all(live(ctx)?.progress()).filter(move |p| std::future::ready(p.id == id)).boxed();
        // The last word is told, and the stream ends with it.
        Ok(stream::unfold(Some(mine), |mine| async {
            let mut mine = mine?;
            let p = mine.next().await?;
            let told = ImportProgressObject { stage: p.stage, done: p.done, total: p.total };
            Some((told, (!p.is_last()).then_some(mine)))
        }))
    }
}
