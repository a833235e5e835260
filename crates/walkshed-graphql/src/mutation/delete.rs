//! Deleting records of any type.

use super::write::{no_such, write};
use crate::auth::require;
use crate::context::Nullable;
use crate::ids::NodeId;
use crate::user_error::UserError;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use walkshed_register::{Edit, RecordKind, Role};

/// The result of a deletion.
#[derive(SimpleObject)]
pub struct DeletePayload {
    /// The global id of the deleted record. Null if it was not deleted.
    deleted_id: Option<ID>,
    /// The reasons why it was not deleted.
    user_errors: Vec<UserError>,
}

/// A record to delete.
#[derive(InputObject, Debug)]
pub struct DeleteInput {
    /// The global id of the record.
    id: ID,
    /// The version that was read. If the record has changed since, the result is a CONFLICT error.
    version: i64,
}

/// Deletes a record.
async fn delete(ctx: &Context<'_>, role: Role, kind: RecordKind, input: DeleteInput) -> Result<DeletePayload> {
    require(ctx, role)?;
    let Some(id) = NodeId::number_of(kind, &input.id) else {
        return Ok(DeletePayload { deleted_id: None, user_errors: vec![no_such("id", kind)] });
    };
    let edit = Edit::Delete { kind, id, version: input.version };
    Ok(match write(ctx, role, vec![edit], None).await? {
        Ok(_) => DeletePayload { deleted_id: Some(input.id), user_errors: Vec::new() },
        Err(user_errors) => DeletePayload { deleted_id: None, user_errors },
    })
}

/// Defines the mutations that delete a record, each with the role that it requires.
macro_rules! delete_mutations {
    ($($(#[$doc:meta])+ $name:ident: $kind:ident, $role:ident;)+) => {
        #[derive(Default)]
        pub struct DeleteMutation;

        #[Object]
        impl DeleteMutation {
            $(
                $(#[$doc])+
                async fn $name(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "The record to delete.")] input: DeleteInput,
                ) -> Nullable<DeletePayload> {
                    Some(delete(ctx, Role::$role, RecordKind::$kind, input).await)
                }
            )+
        }
    };
}

delete_mutations! {
    /// Deletes a center that no other record refers to. To close a center that was in use, use `updateCenter` instead.
    /// Scenarios may refer to the center; their `problem` reports it afterwards. Requires the role EDITOR.
    delete_center: Center, Editor;

    /// Deletes a facility that no other record refers to. To close a facility that was in use, use `updateFacility`
    /// instead. Requires the role EDITOR.
    delete_facility: Facility, Editor;

    /// Deletes a service that has no offers and that no event refers to. Requires the role EDITOR.
    delete_service: Service, Editor;

    /// Deletes an offer. Requires the role EDITOR.
    delete_offer: Offer, Editor;

    /// Deletes an event, including its past occurrences. To end a recurring event, set UNTIL in its rule instead.
    /// Requires the role EDITOR.
    delete_event: Event, Editor;

    /// Deletes a suggestion, such as spam. Requires the role EDITOR.
    delete_suggestion: Suggestion, Editor;

    /// Deletes a region. The records in it remain. Requires the role EDITOR.
    delete_region: Region, Editor;

    /// Deletes a scenario. Requires the role CONTRIBUTOR.
    delete_scenario: Scenario, Contributor;

    /// Deletes a standard that was added with `createStandard`. Requires the role EDITOR.
    delete_standard: Standard, Editor;
}
