//! What column names mean, in English and Chinese.

/// A column walkshed understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    Id,
    Code,
    Name,
    NameEn,
    Category,
    Lon,
    Lat,
    Address,
    Center,
    Cell,
    People,
}

/// The names of each column; the first one is used in messages.
const NAMES: [(Column, &[&str]); 11] = [
    (Column::Id, &["id", "external_id", "externalid", "fid", "uid", "编号", "标识"]),
    (Column::Code, &["code", "division_code", "divisioncode", "区划代码", "代码", "行政区划代码", "统计用区划代码"]),
    (Column::Name, &["name", "name_zh", "title", "名称", "中文名称", "中心名称", "设施名称"]),
    (Column::NameEn, &["name_en", "name:en", "english_name", "英文名称", "英文名"]),
    (Column::Category, &["category", "service_category", "类别", "分类", "服务类别"]),
    (Column::Lon, &["lon", "lng", "long", "longitude", "x", "经度"]),
    (Column::Lat, &["lat", "latitude", "y", "纬度"]),
    (Column::Address, &["address", "addr", "地址", "详细地址"]),
    (Column::Center, &["center", "center_code", "centre", "所属中心", "中心代码"]),
    (Column::Cell, &["cell", "h3", "h3_cell", "h3_index", "hex", "hex_id", "网格"]),
    (Column::People, &["population", "people", "pop", "人口", "人数", "常住人口"]),
];

impl Column {
    /// The column a header names.
    #[must_use]
    pub fn of(header: &str) -> Option<Self> {
        let name = header.trim().trim_start_matches('\u{feff}').to_lowercase().replace([' ', '-'], "_");
        NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(column, _)| *column)
    }

    /// Its plain name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(column, _)| *column == self).map_or("", |(_, names)| names[0])
    }
}
