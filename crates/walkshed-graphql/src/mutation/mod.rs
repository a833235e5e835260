//! Mutations of the register. Every mutation takes one `input` and returns the changed record and `userErrors`. Missing
//! permissions and failures of the server are field errors.

mod admin;
mod center;
mod delete;
mod event;
mod facility;
mod fields;
mod import;
mod region;
mod scenario;
mod service;
mod standard;
mod suggestion;
mod visits;
mod write;

pub use import::{ImportQueue, check_progress_id};

use async_graphql::MergedObject;

/// The mutations.
#[derive(MergedObject, Default)]
pub struct Mutation(
    center::CenterMutation,
    facility::FacilityMutation,
    service::ServiceMutation,
    event::EventMutation,
    suggestion::SuggestionMutation,
    visits::VisitsMutation,
    region::RegionMutation,
    scenario::ScenarioMutation,
    standard::StandardMutation,
    delete::DeleteMutation,
    import::ImportMutation,
    admin::AdminMutation,
    crate::jobs::JobMutation,
);
