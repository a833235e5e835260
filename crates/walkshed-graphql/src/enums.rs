//! GraphQL enums for the fixed vocabularies of the register.

use async_graphql::Enum;
use walkshed_register as register;

/// The kind of a center, by the area it serves.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::CenterKind")]
pub enum CenterKind {
    /// A village center, 村.
    Village,
    /// An urban community center, 社区.
    Community,
    /// A center for couriers, ride-hailing drivers and other new-employment groups, 新就业群体.
    NewEmployment,
    /// Any other center, such as that of a town or an industrial park.
    Other,
}

/// The status of a center or facility.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::Status")]
pub enum Status {
    /// Not yet in use.
    Planned,
    /// In use, within its opening hours.
    Open,
    /// Permanently closed.
    Closed,
}

/// How a position was determined.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::PositionQuality")]
pub enum PositionQuality {
    /// Measured on site or on a survey map.
    Surveyed,
    /// Geocoded from an address.
    Geocoded,
    /// Only approximately known.
    Approximate,
    /// Made up for a demonstration.
    Synthetic,
}

/// The operator of a center.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::OperatingModel")]
pub enum OperatingModel {
    /// The government.
    Government,
    /// A social organisation, which uses the premises free of rent.
    SocialOrganisation,
    /// A company.
    Enterprise,
    /// Several operators together.
    Mixed,
}

/// An audience.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::Audience")]
pub enum Audience {
    /// Everyone, 所有人.
    Everyone,
    /// Children, 儿童.
    Children,
    /// Parents, 家长.
    Parents,
    /// Young people, 青年.
    Youth,
    /// Older people, 老年人.
    Elderly,
    /// Food and parcel couriers, 快递外卖员.
    Couriers,
    /// Ride-hailing drivers, 网约车司机.
    RideHailingDrivers,
    /// Live streamers, 网络主播.
    LiveStreamers,
    /// All new-employment groups, 新就业群体. Includes couriers, ride-hailing drivers and live streamers.
    NewEmployment,
    /// Job seekers, 求职者.
    JobSeekers,
    /// Founders of businesses, 创业者.
    Founders,
    /// People with disabilities, 残疾人.
    PeopleWithDisabilities,
    /// Women, 妇女.
    Women,
    /// Volunteers, 志愿者.
    Volunteers,
    /// Members of the Party, 党员.
    PartyMembers,
}

/// The fee of a service.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::Fee")]
pub enum Fee {
    /// Free of charge.
    Free,
    /// Below the market price.
    LowCost,
    /// The market price.
    Market,
}

/// The status of a suggestion.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::SuggestionStatus")]
pub enum SuggestionStatus {
    /// Received.
    Received,
    /// Accepted: it will be done.
    Accepted,
    /// In progress.
    InProgress,
    /// Done. `doneNote` describes what was done.
    Done,
    /// Declined. `answer` gives the reason.
    Declined,
}

/// The role of a caller. Each role includes the permissions of the roles before it.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::Role")]
pub enum Role {
    /// Reads the register, runs analyses and submits suggestions. Cannot see contact details.
    Reader,
    /// Records and imports visits, manages scenarios, starts jobs, and submits suggestions without a rate limit.
    Contributor,
    /// Changes and imports the register and standards, sees contact details, answers suggestions.
    Editor,
    /// Reads the audit log and all jobs, and manages tokens.
    Admin,
}

/// The level of a region.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::RegionLevel")]
pub enum RegionLevel {
    /// The city: 2 or 4 digits.
    City,
    /// A district or county: 6 digits.
    District,
    /// A town or sub-district: 9 digits.
    Town,
    /// A village or community: 12 digits.
    Division,
}

/// A kind of record in the register.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::RecordKind")]
pub enum RecordKind {
    /// A service center.
    Center,
    /// A facility.
    Facility,
    /// A service.
    Service,
    /// A service offered at one place.
    Offer,
    /// An event.
    Event,
    /// The visits of one day.
    Visits,
    /// A suggestion.
    Suggestion,
    /// A region.
    Region,
    /// The population of a group.
    Population,
    /// A scenario.
    Scenario,
    /// A planning standard.
    Standard,
}

/// The kind of a street that a scenario adds or closes.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "walkshed_engine::StreetKind")]
pub enum StreetKind {
    /// A street for pedestrians and cyclists, both ways.
    Street,
    /// A path for pedestrians.
    Footpath,
    /// A path for pedestrians and cyclists.
    Cycleway,
    /// Steps.
    Stairway,
    /// A lift, also for wheelchairs, strollers and bicycles.
    Lift,
    /// A pair of escalators, up and down.
    Escalator,
    /// A bridge for pedestrians, without steps.
    Footbridge,
}

/// Converts a list of enum values.
pub fn all<A: Into<B>, B>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(Into::into).collect()
}
