//! The enumerations of the register: kinds of center, statuses, audiences, fees, roles.

use super::keyed_enum::keyed_enum;

keyed_enum! {
    /// The kind of a center, by the area or group it serves.
    CenterKind, "a kind of center", {
        /// The center of a village.
        Village = "village", "村";
        /// The center of an urban community.
        Community = "community", "社区";
        /// A center for couriers, ride-hailing drivers and other new-employment groups.
        NewEmployment = "new_employment", "新就业群体";
        /// Any other center, such as that of a town or an industrial park.
        Other = "other", "其他";
    }
}

keyed_enum! {
    /// The operating status of a center or facility.
    Status, "a status", {
        Planned = "planned", "规划";
        Open = "open", "开放";
        Closed = "closed", "关闭";
    }
}

keyed_enum! {
    /// How a position was determined.
    PositionQuality, "a quality of a position", {
        /// Measured on the ground or on a survey map.
        Surveyed = "surveyed", "实测";
        /// Geocoded from an address.
        Geocoded = "geocoded", "地理编码";
        /// Near the true position.
        Approximate = "approximate", "大致";
        /// Generated for a demonstration.
        Synthetic = "synthetic", "合成";
    }
}

keyed_enum! {
    /// Who runs a center.
    OperatingModel, "an operating model", {
        Government = "government", "政府运营";
        /// A social organisation, in return for premises free of rent ("premises for services").
        SocialOrganisation = "social_organisation", "社会组织运营";
        Enterprise = "enterprise", "企业运营";
        Mixed = "mixed", "混合运营";
    }
}

keyed_enum! {
    /// A group of people a facility, service or event is intended for.
    Audience, "an audience", {
        Everyone = "everyone", "所有人";
        Children = "children", "儿童";
        Parents = "parents", "家长";
        Youth = "youth", "青年";
        Elderly = "elderly", "老年人";
        Couriers = "couriers", "快递外卖员";
        RideHailingDrivers = "ride_hailing_drivers", "网约车司机";
        LiveStreamers = "live_streamers", "网络主播";
        /// All new-employment groups: couriers, ride-hailing drivers, live streamers and others.
        NewEmployment = "new_employment", "新就业群体";
        JobSeekers = "job_seekers", "求职者";
        Founders = "founders", "创业者";
        PeopleWithDisabilities = "people_with_disabilities", "残疾人";
        Women = "women", "妇女";
        Volunteers = "volunteers", "志愿者";
        PartyMembers = "party_members", "党员";
    }
}

impl Audience {
    /// Returns whether an offer for `self` also serves `other`: `everyone` includes all audiences, `new_employment` includes
    /// couriers, ride-hailing drivers and live streamers.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        match self {
            Self::Everyone => true,
            Self::NewEmployment => {
                matches!(other, Self::NewEmployment | Self::Couriers | Self::RideHailingDrivers | Self::LiveStreamers)
            }
            _ => self as u8 == other as u8,
        }
    }

    /// Returns whether an offer for the audiences of `list` serves `wanted`. An empty list serves everyone.
    #[must_use]
    pub fn any_includes(list: &[Self], wanted: Self) -> bool {
        list.is_empty() || list.iter().any(|a| a.includes(wanted))
    }

    /// Returns the index in [`Audience::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

keyed_enum! {
    /// The price level of a service or event.
    Fee, "a fee", {
        Free = "free", "免费";
        LowCost = "low_cost", "低偿";
        Market = "market", "市场价";
    }
}

keyed_enum! {
    /// The processing status of a suggestion.
    SuggestionStatus, "a status of a suggestion", {
        Received = "received", "已收到";
        Accepted = "accepted", "已采纳";
        InProgress = "in_progress", "办理中";
        Done = "done", "已办结";
        Declined = "declined", "未采纳";
    }
}

impl SuggestionStatus {
    /// Returns whether a suggestion may change from this status to `next`. Statuses only move forward; `done` and `declined`
    /// are final.
    #[must_use]
    pub fn can_change_to(self, next: Self) -> bool {
        use SuggestionStatus::{Accepted, Declined, Done, InProgress, Received};
        self == next
            || matches!(
                (self, next),
                (Received, Accepted | InProgress | Done | Declined)
                    | (Accepted, InProgress | Done | Declined)
                    | (InProgress, Done | Declined)
            )
    }

    /// Returns whether the status is final: done or declined.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Declined)
    }
}

keyed_enum! {
    /// What a caller may do. Each role has all permissions of the roles before it.
    Role, "a role", {
        /// Reads everything except personal contacts, and submits suggestions.
        Reader = "reader", "读者";
        /// Submits suggestions and visit counts.
        Contributor = "contributor", "采集员";
        /// Edits the register, reads contacts, answers suggestions.
        Editor = "editor", "编辑";
        /// Reads the audit log, manages tokens.
        Admin = "admin", "管理员";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_keys_and_chinese_names() {
        assert_eq!("Low cost".parse(), Ok(Fee::LowCost));
        assert_eq!("免费".parse(), Ok(Fee::Free));
        assert_eq!("IN-PROGRESS".parse(), Ok(SuggestionStatus::InProgress));
        let error = "gratis".parse::<Fee>().unwrap_err().to_string();
        assert_eq!(error, "is not a fee. Allowed: free (免费), low_cost (低偿), market (市场价)");
        for audience in Audience::ALL {
            assert_eq!(audience.key().parse(), Ok(*audience));
        }
    }

    #[test]
    fn audiences_include_their_subgroups() {
        assert!(Audience::any_includes(&[], Audience::Elderly));
        assert!(Audience::any_includes(&[Audience::NewEmployment], Audience::Couriers));
        assert!(!Audience::any_includes(&[Audience::Couriers], Audience::NewEmployment));
        assert!(!Audience::any_includes(&[Audience::Children], Audience::Elderly));
    }

    #[test]
    fn suggestion_status_only_moves_forward() {
        use SuggestionStatus::{Accepted, Declined, Done, InProgress, Received};
        for (from, to, may) in [
            (Received, Accepted, true),
            (Received, Declined, true),
            (Accepted, InProgress, true),
            (InProgress, Done, true),
            (InProgress, Accepted, false),
            (Done, InProgress, false),
            (Declined, Accepted, false),
            (Done, Done, true),
        ] {
            assert_eq!(from.can_change_to(to), may, "{from} to {to}");
        }
    }
}
