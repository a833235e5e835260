//! The column names of import files, in English and Chinese.

/// Defines the columns: for each the canonical name first, then its aliases.
macro_rules! columns {
    ($($variant:ident: $($name:literal),+;)+) => {
        /// A known column of import files.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Column {
            $($variant),+
        }

        const NAMES: &[(Column, &[&str])] = &[$((Column::$variant, &[$($name),+])),+];
    };
}

columns! {
    Id: "id", "external_id", "externalid", "fid", "uid", "编号", "标识";
    Code: "code", "division_code", "divisioncode", "区划代码", "代码", "行政区划代码", "统计用区划代码";
    Key: "key", "service_key", "服务编号";
    Name: "name", "name_zh", "title", "名称", "中文名称", "中心名称", "设施名称", "服务名称", "活动名称";
    NameEn: "name_en", "name:en", "english_name", "英文名称", "英文名";
    Category: "category", "service_category", "类别", "分类", "服务类别";
    Kind: "kind", "type", "类型";
    Status: "status", "状态";
    Lon: "lon", "lng", "long", "longitude", "x", "经度";
    Lat: "lat", "latitude", "y", "纬度";
    PositionQuality: "position_quality", "位置精度";
    Address: "address", "addr", "地址", "详细地址";
    Phone: "phone", "tel", "电话", "联系电话";
    Description: "description", "描述", "简介";
    Center: "center", "center_code", "centre", "所属中心", "中心代码";
    Facility: "facility", "facility_id", "所属设施";
    Division: "division", "所在村社区";
    Floor: "floor", "storey", "楼层";
    Capacity: "capacity", "容量", "规模";
    CapacityUnit: "capacity_unit", "容量单位";
    FloorArea: "floor_area_m2", "floor_area", "建筑面积";
    GroundsArea: "grounds_area_m2", "grounds_area", "占地面积";
    OpenShare: "open_share", "开放比例", "开放面积占比";
    ResidentsServed: "residents_served", "服务人口", "服务居民";
    GroupsServed: "groups_served", "服务群体";
    OpenedOn: "opened_on", "启用时间", "开放时间起";
    RenovatedOn: "renovated_on", "改造时间";
    ClosedOn: "closed_on", "关闭时间";
    OperatingModel: "operating_model", "运营模式";
    OperatingNote: "operating_note", "运营说明";
    Partners: "partners", "合作单位";
    Funding: "funding", "资金来源";
    StepFree: "step_free", "无障碍", "无障碍入口";
    NightEntrance: "night_entrance", "夜间入口";
    AccessNote: "access_note", "通行说明";
    OpeningHours: "opening_hours", "hours", "开放时间", "营业时间";
    Audiences: "audiences", "audience", "服务对象", "人群";
    Service: "service", "服务";
    Services: "services", "服务列表";
    Fee: "fee", "收费";
    Appointment: "appointment", "预约";
    ItemCount: "item_count", "items", "事项数";
    Note: "note", "备注";
    Starts: "starts", "start", "开始时间";
    DurationMinutes: "duration_minutes", "duration", "时长";
    Rrule: "rrule", "重复规则";
    Dates: "dates", "日期列表";
    Except: "except", "例外日期";
    Day: "day", "date", "日期";
    Hour: "hour", "小时";
    Count: "count", "visits", "人次", "客流";
    Place: "place", "具体位置";
    Text: "text", "suggestion", "建议", "内容";
    Contact: "contact", "联系方式";
    Answer: "answer", "答复";
    DoneNote: "done_note", "办理结果";
    ReceivedAt: "received_at", "收到时间";
    AnsweredAt: "answered_at", "答复时间";
    ClosedAt: "closed_at", "办结时间";
    TownCode: "town_code", "镇街代码";
    TownName: "town_name", "镇街名称";
    Outline: "outline", "边界";
    Cell: "cell", "h3", "h3_cell", "h3_index", "hex", "hex_id", "网格";
    Group: "group", "demand_group", "人口群体";
    People: "population", "people", "pop", "人口", "人数", "常住人口";
}

impl Column {
    /// Returns the column with a name.
    #[must_use]
    pub fn of(header: &str) -> Option<Self> {
        Self::ranked(header).map(|(column, _)| column)
    }

    /// Returns the column with a name, and the rank of the name among the names of the column: 0 for the canonical name.
    #[must_use]
    pub fn ranked(header: &str) -> Option<(Self, usize)> {
        let name = header.trim().trim_start_matches('\u{feff}').to_lowercase().replace([' ', '-'], "_");
        NAMES.iter().find_map(|(column, names)| Some((*column, names.iter().position(|n| *n == name)?)))
    }

    /// Iterates over all columns.
    #[cfg(test)]
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(column, _)| *column)
    }

    /// Returns the canonical name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(column, _)| *column == self).map_or("", |(_, names)| names[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut all: Vec<&str> = NAMES.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        all.sort_unstable();
        let twice: Vec<&[&str]> = all.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        for (column, names) in NAMES {
            for name in *names {
                assert_eq!(Column::of(name), Some(*column), "{name}");
            }
        }
        assert_eq!(Column::of(" Opening Hours"), Some(Column::OpeningHours));
    }
}
