//! The closed lists of the register, as enumerations of the API.

use async_graphql::Enum;
use walkshed_register as register;

/// Whom a center is for, by its area.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::CenterKind")]
pub enum CenterKind {
    /// The center of a village, 村.
    Village,
    /// The center of an urban community, 社区.
    Community,
    /// A center for couriers, ride-hailing drivers and other new-employment groups, 新就业群体.
    NewEmployment,
    /// Any other, such as the center of a town or an industrial park.
    Other,
}

/// Whether a center or facility can be used.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::Status")]
pub enum Status {
    /// Still to come.
    Planned,
    /// In use, within its opening hours.
    Open,
    /// Closed for good.
    Closed,
}

/// How a position was found.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::PositionQuality")]
pub enum PositionQuality {
    /// Measured on the ground or on a survey map.
    Surveyed,
    /// Looked up from an address.
    Geocoded,
    /// Known to lie near.
    Approximate,
    /// Made up, for a demonstration.
    Synthetic,
}

/// Who runs a center.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::OperatingModel")]
pub enum OperatingModel {
    /// The government itself.
    Government,
    /// A social organisation, in return for premises free of rent.
    SocialOrganisation,
    /// A company.
    Enterprise,
    /// Several together.
    Mixed,
}

/// Whom something is for.
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
    /// All new-employment groups together, 新就业群体: what is for them is for couriers, drivers and streamers too.
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

/// What a service costs.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::Fee")]
pub enum Fee {
    /// Nothing.
    Free,
    /// Less than on the market.
    LowCost,
    /// What it costs elsewhere.
    Market,
}

/// How far a suggestion has come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::SuggestionStatus")]
pub enum SuggestionStatus {
    /// Handed in.
    Received,
    /// It will be done.
    Accepted,
    /// It is being done.
    InProgress,
    /// It has been done; `doneNote` says what.
    Done,
    /// It will not be done; `answer` says why.
    Declined,
}

/// What a caller may do; each role may all that those before it may.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::Role")]
pub enum Role {
    /// Reads the register and asks analyses, but sees no contacts; hands in suggestions.
    Reader,
    /// Records and imports visits, keeps scenarios, starts jobs; hands in suggestions without a limit.
    Contributor,
    /// Changes and imports the register and standards, sees contacts, answers suggestions.
    Editor,
    /// Sees the audit log and all jobs, manages tokens.
    Admin,
}

/// How large a region is.
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

/// What the register holds.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "register::RecordKind")]
pub enum RecordKind {
    /// A service center.
    Center,
    /// A facility.
    Facility,
    /// A service.
    Service,
    /// A service as one place offers it.
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

/// What a street is that a scenario adds or closes.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "walkshed_engine::StreetKind")]
pub enum StreetKind {
    /// A carriageway people walk and ride along, both ways.
    Street,
    /// A way for people on foot.
    Footpath,
    /// A way for people on foot and on bicycles.
    Cycleway,
    /// Steps.
    Stairway,
    /// A lift, also for wheelchairs, strollers and bicycles.
    Lift,
    /// A pair of escalators, up and down.
    Escalator,
    /// A bridge for people on foot, without steps.
    Footbridge,
}

/// A list of words from the API's to the register's.
pub fn all<A: Into<B>, B>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(Into::into).collect()
}
