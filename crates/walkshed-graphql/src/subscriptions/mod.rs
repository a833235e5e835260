//! Execution of subscriptions. A subscription is executed once for each event, against the world that is current then.
//! Subscribers with the same operation, variables and role share one execution and receive the same text. Executions run one
//! at a time, on a blocking thread.

mod message;
mod run;
mod topic;

pub use message::{EventText, SubscriptionMessage};
pub use run::Subscriptions;
