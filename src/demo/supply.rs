//! What there is in the city: centers, facilities, services, offers, events, visits, suggestions, as tables. All of it is made
//! up but what was reported of three centers and a guild hall, which lies in tables of its own.

use super::layout::Layout;
use super::places::{District, Division, Town};
use super::random::Random;
use super::streets::Streets;
use jiff::civil::{Date, date};

/// A table on its way into a CSV file.
pub struct Csv {
    pub file: &'static str,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Csv {
    fn new(file: &'static str, header: &str) -> Self {
        Self { file, header: header.split(',').map(str::to_owned).collect(), rows: Vec::new() }
    }
}

/// Visits were counted from this day on, for two years.
const FIRST_DAY: Date = date(2024, 10, 1);
const DAYS: i64 = 730;
/// Centers whose visits are counted, at scale 1.
const COUNTED: usize = 300;
const SUGGESTIONS: usize = 2000;

/// A kind of facility outside centers: one for so many people in towns, and how likely in a village of 1,300.
struct Supply {
    kind: &'static str,
    name: &'static str,
    people: f64,
    village: f64,
    hours: &'static [&'static str],
    capacity: Option<(f64, &'static str)>,
    audiences: &'static str,
    /// Districts without any, per cent.
    missing: u64,
}

const fn supply(
    kind: &'static str,
    name: &'static str,
    people: f64,
    village: f64,
    hours: &'static [&'static str],
    missing: u64,
) -> Supply {
    Supply { kind, name, people, village, hours, capacity: None, audiences: "", missing }
}

const OFFICE: &[&str] =
    &["Mo-Fr 09:00-18:00; PH off", "Mo-Fr 09:00-12:00,14:00-18:00; PH off", "Mo-Sa 09:00-18:00; PH off"];
const SHOP: &[&str] = &["07:00-22:00", "08:00-21:00", "24/7"];
const CARE: &[&str] = &["Mo-Sa 08:00-18:00; PH off", "Mo-Fr 08:30-17:30; PH off"];
const SCHOOL: &[&str] = &["Mo-Fr 07:40-18:00; PH off"];
const CLINIC: &[&str] = &["Mo-Su 08:00-18:00", "Mo-Sa 08:30-17:30; PH off"];
const LATE: &[&str] = &["10:00-02:00", "08:00-24:00", "24/7"];

/// Numbers of people: GB 50180-2018 where it names one for the kind, elsewhere by what is common; to be believable, not exact.
const SUPPLIES: [Supply; 31] = [
    Supply { capacity: Some((270.0, "places")), ..supply("kindergarten", "幼儿园", 5000.0, 0.14, SCHOOL, 0) },
    Supply { capacity: Some((1080.0, "places")), ..supply("primary_school", "小学", 10_000.0, 0.08, SCHOOL, 0) },
    Supply { capacity: Some((1200.0, "places")), ..supply("junior_school", "中学", 20_000.0, 0.03, SCHOOL, 0) },
    Supply { audiences: "elderly", ..supply("elderly_university", "老年大学", 110_000.0, 0.0, OFFICE, 30) },
    Supply {
        audiences: "parents",
        capacity: Some((40.0, "places")),
        ..supply("child_care", "托育园", 22_000.0, 0.0, CARE, 25)
    },
    supply("training_room", "技能培训点", 30_000.0, 0.02, OFFICE, 20),
    supply("health_station", "卫生服务站", 7500.0, 0.0, CLINIC, 0),
    supply("health_center", "卫生服务中心", 40_000.0, 0.07, CLINIC, 0),
    supply("clinic", "诊所", 16_000.0, 0.40, CLINIC, 0),
    supply("pharmacy", "药店", 7500.0, 0.10, &["08:00-21:30", "08:00-22:00", "24/7"], 0),
    supply("dentist", "口腔诊所", 32_000.0, 0.0, CLINIC, 10),
    Supply { capacity: Some((300.0, "beds")), ..supply("hospital", "医院", 90_000.0, 0.005, &["24/7"], 0) },
    Supply {
        audiences: "elderly",
        capacity: Some((40.0, "places")),
        ..supply("elderly_day_care", "日间照料中心", 12_000.0, 0.06, CARE, 20)
    },
    Supply {
        audiences: "elderly",
        ..supply("elderly_canteen", "老年食堂", 20_000.0, 0.03, &["Mo-Su 11:00-13:00,17:00-18:30"], 15)
    },
    Supply {
        audiences: "elderly",
        capacity: Some((100.0, "beds")),
        ..supply("nursing_home", "养老院", 40_000.0, 0.03, &["24/7"], 0)
    },
    supply("market", "农贸市场", 10_000.0, 0.09, &["05:30-19:00", "06:00-20:00"], 0),
    supply("convenience_store", "便利店", 4200.0, 0.40, SHOP, 0),
    supply("parcel_station", "快递驿站", 6000.0, 0.12, &["09:00-21:00", "08:30-22:00"], 0),
    supply("canteen", "社区食堂", 24_000.0, 0.01, &["07:00-13:30,16:30-19:30"], 20),
    Supply { audiences: "new_employment", ..supply("rider_rest_stop", "骑手驿站", 26_000.0, 0.0, LATE, 25) },
    Supply { audiences: "couriers", ..supply("battery_swap", "换电柜", 15_000.0, 0.0, &["24/7"], 20) },
    supply("charging", "充电点", 14_000.0, 0.02, &["24/7"], 5),
    supply("toilet", "公共厕所", 10_000.0, 0.08, &["24/7", "06:00-22:00"], 0),
    supply("bank", "银行网点", 17_000.0, 0.03, OFFICE, 0),
    supply("post_office", "邮政所", 40_000.0, 0.07, OFFICE, 0),
    supply("park", "公园", 15_000.0, 0.01, &["24/7", "06:00-22:00"], 0),
    supply("sports_ground", "运动场", 12_000.0, 0.07, &["06:00-22:00"], 10),
    supply("culture_station", "文化站", 45_000.0, 0.07, OFFICE, 0),
    supply("library", "图书馆", 300_000.0, 0.0, &["Tu-Su 09:00-20:00; PH off", "Tu-Su 09:00-17:00"], 0),
    supply("job_market", "零工市场", 150_000.0, 0.0, &["05:30-12:00", "06:00-18:00"], 35),
    supply("incubator", "创业孵化基地", 120_000.0, 0.0, OFFICE, 40),
];

/// Rooms in centers: kind, name, share of communities, of villages, districts without, per cent.
const ROOMS: [(&str, &str, f64, f64, u64); 7] = [
    ("reading_area", "阅读角", 0.30, 0.12, 0),
    ("activity_room", "活动室", 0.36, 0.16, 0),
    ("children_area", "儿童活动区", 0.22, 0.04, 15),
    ("calligraphy_room", "书画室", 0.12, 0.03, 15),
    ("mediation_room", "调解室", 0.25, 0.10, 0),
    ("job_counter", "就业服务窗口", 0.36, 0.05, 20),
    ("self_service_area", "自助服务区", 0.15, 0.0, 10),
];

/// Services: key, name, English, category, audiences, fee; share of communities and villages that offer it.
type ServiceRow = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, f64, f64);
const SERVICES: [ServiceRow; 16] = [
    ("syn-counter", "一窗受理", "One-stop handling", "community_governance", "", "free", 1.0, 1.0),
    ("syn-mediation", "矛盾调解", "Mediation", "community_governance", "", "free", 0.5, 0.3),
    ("syn-legal", "法律咨询", "Legal advice", "community_governance", "", "free", 0.35, 0.06),
    ("syn-repair", "小家电维修", "Small repairs", "life_services", "", "low_cost", 0.22, 0.03),
    ("syn-haircut", "义剪", "Free haircuts", "life_services", "elderly", "free", 0.3, 0.12),
    ("syn-rest", "歇脚充电", "Rest and charging", "life_services", "new_employment", "free", 0.3, 0.02),
    ("syn-reading", "图书借阅", "Lending books", "culture_sports", "", "free", 0.4, 0.2),
    ("syn-dance", "广场舞辅导", "Dance lessons", "culture_sports", "women", "free", 0.3, 0.08),
    ("syn-check", "健康监测", "Health checks", "health_care", "elderly", "free", 0.4, 0.2),
    ("syn-counselling", "心理疏导", "Counselling", "health_care", "", "free", 0.12, 0.0),
    ("syn-meals", "助餐", "Meals for the elderly", "elderly_care", "elderly", "low_cost", 0.25, 0.05),
    ("syn-visits", "上门探访", "Home visits", "elderly_care", "elderly", "free", 0.3, 0.2),
    ("syn-homework", "四点半课堂", "After-school class", "lifelong_education", "children", "low_cost", 0.3, 0.03),
    ("syn-smartphone", "智能手机课", "Smartphone lessons", "lifelong_education", "elderly", "free", 0.2, 0.05),
    ("syn-jobs", "岗位推荐", "Job matching", "employment", "job_seekers", "free", 0.4, 0.08),
    ("syn-startup", "创业指导", "Start-up advice", "employment", "founders", "free", 0.12, 0.01),
];

/// What people suggest: category, text, answer, what was done.
const WISHES: [(&str, &str, &str, &str); 14] = [
    ("community_governance", "窗口中午能不能不休息，上班族只有中午有空", "安排中午轮值", "已实行中午轮值"),
    ("community_governance", "楼道里堆放杂物，请社区协调清理", "已转物业处理", "杂物已清运"),
    ("life_services", "菜市场太远，老人提着菜爬梯坎不方便", "与街道研究便民菜店选址", "便民菜店已开业"),
    ("life_services", "骑手晚上没有地方歇脚，希望驿站开到凌晨两点", "延长开放时间", "驿站已开放至次日两点"),
    ("life_services", "电动车充电桩不够用", "计划增设", "新增充电桩八个"),
    ("culture_sports", "阅读角周末不开，孩子没地方看书", "研究周末开放", "阅读角周末已开放"),
    ("culture_sports", "活动室的音响坏了", "已报修", "音响已更换"),
    ("health_care", "希望每月有一次免费量血压", "联系卫生服务站", "每月十五日义诊"),
    ("health_care", "药店晚上都关门，夜里买药难", "协调药店轮流值夜", "两家药店轮流值夜"),
    ("elderly_care", "食堂饭菜偏硬，老人咬不动", "调整菜品", "增加软食窗口"),
    ("elderly_care", "梯坎没有扶手，下雨天很滑", "申请加装扶手", "扶手和防滑条已加装"),
    ("lifelong_education", "四点半课堂名额太少", "增加志愿者", "新增一个班"),
    ("employment", "招聘信息能不能贴到小区门口", "设置公告栏", "公告栏已设置"),
    ("employment", "想学做直播，社区有没有培训", "联系培训机构", "首期培训已开班"),
];

/// One district lacks, another has plenty: a factor for a kind in a district.
fn plenty(seed: u64, district: usize, kind: usize, missing: u64) -> f64 {
    let mut random = Random::of(seed, 40 + kind as u64, district as u64);
    if random.below(100) < missing as usize { 0.0 } else { random.between(0.55, 1.35) }
}

struct Maker<'a> {
    seed: u64,
    districts: &'a [District],
    layout: &'a Layout,
    streets: &'a Streets,
}

/// Text of a position.
fn lon_lat((lon, lat): (f64, f64)) -> [String; 2] {
    [format!("{lon:.6}"), format!("{lat:.6}")]
}

/// All tables, and where the center of each site stands.
#[must_use]
pub fn tables(seed: u64, districts: &[District], layout: &Layout, streets: &Streets) -> (Vec<Csv>, Vec<(f64, f64)>) {
    let maker = Maker { seed, districts, layout, streets };
    let places: Vec<(f64, f64)> = (0..layout.sites.len()).map(|s| maker.center_place(s)).collect();
    let planned: Vec<bool> = (0..layout.sites.len()).map(|s| maker.is_planned(s)).collect();
    let centers = maker.centers(&places, &planned);
    let facilities = maker.facilities(&places, &planned);
    let mut services = Csv::new("services.csv", "key,name,name_en,category,audiences,fee");
    services.rows.extend(SERVICES.iter().map(|s| [s.0, s.1, s.2, s.3, s.4, s.5].map(str::to_owned).to_vec()));
    let offers = maker.offers(&planned);
    let events = maker.events(&planned);
    let visits = maker.visits(&planned);
    let suggestions = maker.suggestions(&places);
    (vec![centers, facilities, services, offers, events, visits, suggestions], places)
}

impl Maker<'_> {
    fn of(&self, site: usize) -> (&District, &Town, &Division) {
        let s = &self.layout.sites[site];
        let town = &self.districts[s.district].towns[s.town];
        (&self.districts[s.district], town, &town.divisions[s.division])
    }

    /// A place beside a node of a site.
    fn beside(&self, site: usize, random: &mut Random) -> (f64, f64) {
        let nodes = &self.streets.of_site[site];
        let node = self.streets.nodes[nodes[random.below(nodes.len())] as usize];
        (node.lon() + random.between(-1.8e-4, 1.8e-4), node.lat() + random.between(-1.6e-4, 1.6e-4))
    }

    fn center_place(&self, site: usize) -> (f64, f64) {
        let nodes = &self.streets.of_site[site];
        let middle = if self.layout.sites[site].block.is_some() { nodes.len() / 2 } else { 0 };
        let node = self.streets.nodes[nodes[middle] as usize];
        (node.lon() + 1.1e-4, node.lat() + 0.9e-4)
    }

    fn is_planned(&self, site: usize) -> bool {
        let code = &self.of(site).2.code;
        !super::places::REPORTED.contains(&code.as_str()) && Random::of(self.seed, 30, site as u64).chance(0.04)
    }

    fn centers(&self, places: &[(f64, f64)], planned: &[bool]) -> Csv {
        let mut csv = Csv::new(
            "centers.csv",
            "code,name,kind,status,lon,lat,position_quality,address,residents_served,floor_area_m2,open_share,opened_on,operating_model,step_free,opening_hours",
        );
        for (s, place) in places.iter().enumerate() {
            let (district, town, division) = self.of(s);
            let mut random = Random::of(self.seed, 31, s as u64);
            let people = division.people as f64;
            let area = (if division.is_village { 180.0 } else { 350.0 } + people * random.between(0.02, 0.07)).round();
            let hours = if division.is_village {
                *random.pick(&["Mo-Fr 09:00-17:30; PH off", "Mo-Sa 09:00-17:00; PH off"])
            } else {
                *random.pick(&[
                    "Mo-Fr 09:00-18:00; PH off",
                    "Mo-Fr 09:00-18:00; Sa 09:00-17:00; PH off",
                    "Mo-Su 09:00-21:00",
                    "Mo-Fr 09:00-12:00,14:00-18:00; PH off",
                ])
            };
            let model = match random.below(20) {
                0..=13 => "government",
                14..=16 => "mixed",
                17..=18 => "social_organisation",
                _ => "enterprise",
            };
            let [lon, lat] = lon_lat(*place);
            let open_share = random.between(0.45, 0.9);
            let step_free = if random.chance(if division.is_village { 0.35 } else { 0.6 }) { "yes" } else { "no" };
            csv.rows.push(vec![
                division.code.clone(),
                format!("{}党群服务中心", division.place_name()),
                if division.is_village { "village" } else { "community" }.into(),
                if planned[s] { "planned" } else { "open" }.into(),
                lon,
                lat,
                "synthetic".into(),
                format!("{}{}{}", district.name, town.name, division.place_name()),
                division.people.to_string(),
                format!("{area}"),
                format!("{open_share:.2}"),
                if planned[s] { String::new() } else { (1998 + random.below(27)).to_string() },
                model.into(),
                step_free.into(),
                hours.into(),
            ]);
        }
        csv
    }

    fn facilities(&self, places: &[(f64, f64)], planned: &[bool]) -> Csv {
        let mut csv = Csv::new(
            "facilities.csv",
            "id,name,kind,lon,lat,position_quality,center,division,floor,capacity,capacity_unit,audiences,opening_hours",
        );
        let add = |row: [&str; 7], place: (f64, f64), capacity: Option<(f64, &str)>, rows: &mut Vec<Vec<String>>| {
            let [name, kind, center, division, floor, audiences, hours] = row;
            let [lon, lat] = lon_lat(place);
            let (capacity, unit) = capacity.map_or((String::new(), ""), |(n, unit)| (format!("{n}"), unit));
            rows.push(vec![
                format!("syn-{:06}", rows.len() + 1),
                name.into(),
                kind.into(),
                lon,
                lat,
                "synthetic".into(),
                center.into(),
                division.into(),
                floor.into(),
                capacity,
                unit.into(),
                audiences.into(),
                hours.into(),
            ]);
        };
        for (s, place) in places.iter().enumerate() {
            let (_, _, division) = self.of(s);
            let district = self.layout.sites[s].district;
            let mut random = Random::of(self.seed, 32, s as u64);
            let (people, code, stem) = (division.people as f64, division.code.as_str(), division.stem.as_str());
            if !planned[s] {
                let name = format!("{stem}便民服务窗口");
                let hours = *random.pick(OFFICE);
                add([&name, "one_stop_counter", code, "", "1", "", hours], *place, None, &mut csv.rows);
                for (n, (kind, word, community, village, missing)) in ROOMS.iter().enumerate() {
                    let share = if division.is_village { *village } else { *community };
                    if random.chance(share * plenty(self.seed, district, n, *missing)) {
                        let floor = if random.chance(0.6) { "2" } else { "1" };
                        let name = format!("{stem}{word}");
                        add([&name, kind, code, "", floor, "", ""], *place, None, &mut csv.rows);
                    }
                }
            }
            for (n, supply) in SUPPLIES.iter().enumerate() {
                let factor = plenty(self.seed, district, 10 + n, supply.missing);
                let mean = factor
                    * if division.is_village { supply.village * people / 1300.0 } else { people / supply.people };
                for k in 0..random.about(mean) {
                    let number = if k == 0 { String::new() } else { format!("{}号", k + 1) };
                    let name = format!("{stem}{}{number}", supply.name);
                    let capacity = supply.capacity.map(|(c, unit)| ((c * random.between(0.4, 1.6)).round(), unit));
                    let hours = *random.pick(supply.hours);
                    let place = self.beside(s, &mut random);
                    add([&name, supply.kind, "", code, "", supply.audiences, hours], place, capacity, &mut csv.rows);
                }
            }
        }
        csv
    }

    fn offers(&self, planned: &[bool]) -> Csv {
        let mut csv = Csv::new("offers.csv", "service,center,opening_hours,item_count");
        for s in (0..planned.len()).filter(|&s| !planned[s]) {
            let (_, _, division) = self.of(s);
            let mut random = Random::of(self.seed, 33, s as u64);
            for (n, service) in SERVICES.iter().enumerate() {
                let share = if division.is_village { service.7 } else { service.6 };
                if !random.chance(share) {
                    continue;
                }
                let items = match (n, division.is_village) {
                    (0, true) => (20 + random.below(25)).to_string(),
                    (0, false) => (48 + random.below(40)).to_string(),
                    _ => String::new(),
                };
                let hours = if n > 0 && random.chance(0.25) {
                    *random.pick(&["Tu,Th 14:00-17:00", "Sa 09:00-12:00", "Mo-Fr 19:00-21:00"])
                } else {
                    ""
                };
                csv.rows.push(vec![service.0.into(), division.code.clone(), hours.into(), items]);
            }
        }
        csv
    }

    fn events(&self, planned: &[bool]) -> Csv {
        /// Name, English, when first, minutes, rule, category, audiences.
        const PLANS: [(&str, &str, &str, u32, &str, &str, &str); 6] = [
            ("便民集市", "Bazaar", "2025-01-15T09:00", 180, "FREQ=MONTHLY;BYMONTHDAY=15", "life_services", ""),
            ("免费义诊", "Free clinic", "2025-01-10T09:00", 120, "FREQ=MONTHLY;BYDAY=2FR", "health_care", "elderly"),
            (
                "书画课",
                "Calligraphy class",
                "2025-01-07T09:30",
                90,
                "FREQ=WEEKLY;BYDAY=TU",
                "lifelong_education",
                "elderly",
            ),
            (
                "亲子阅读",
                "Reading with children",
                "2025-01-11T10:00",
                90,
                "FREQ=WEEKLY;BYDAY=SA",
                "culture_sports",
                "parents; children",
            ),
            (
                "周五招聘会",
                "Friday job fair",
                "2025-01-03T09:00",
                180,
                "FREQ=MONTHLY;BYDAY=1FR",
                "employment",
                "job_seekers",
            ),
            ("坝坝电影", "Open-air cinema", "2025-05-03T19:30", 110, "FREQ=MONTHLY;BYDAY=1SA", "culture_sports", ""),
        ];
        let mut csv = Csv::new("events.csv", "id,name,name_en,center,starts,duration_minutes,rrule,category,audiences");
        for s in (0..planned.len()).filter(|&s| !planned[s]) {
            let (_, _, division) = self.of(s);
            let mut random = Random::of(self.seed, 34, s as u64);
            let mean = if division.is_village { 0.08 } else { 0.7 };
            let first = random.below(PLANS.len());
            let more = random.between(0.0, mean);
            for k in 0..random.about(mean + more) {
                let p = &PLANS[(first + k) % PLANS.len()];
                let id = format!("syn-event-{:05}", csv.rows.len() + 1);
                csv.rows.push(vec![
                    id,
                    p.0.into(),
                    p.1.into(),
                    division.code.clone(),
                    p.2.into(),
                    p.3.to_string(),
                    p.4.into(),
                    p.5.into(),
                    p.6.into(),
                ]);
            }
        }
        csv
    }

    fn visits(&self, planned: &[bool]) -> Csv {
        let mut csv = Csv::new("visits.csv", "center,day,audience,count");
        let open: Vec<usize> = (0..planned.len())
            .filter(|&s| !planned[s] && !super::places::REPORTED.contains(&self.of(s).2.code.as_str()))
            .collect();
        let step = (open.len() as f64 / COUNTED as f64).max(1.0);
        for n in 0..COUNTED.min(open.len()) {
            let s = open[(n as f64 * step) as usize];
            let (_, _, division) = self.of(s);
            let mut random = Random::of(self.seed, 35, s as u64);
            // One in twenty-five stands nearly idle.
            let busy = if n % 25 == 7 { 0.0006 } else { random.between(0.006, 0.022) };
            let (weekend, growth) = (random.between(0.25, 1.3), random.between(-0.25, 0.5));
            for day in 0..DAYS {
                let Ok(date) = FIRST_DAY.checked_add(jiff::Span::new().days(day)) else { continue };
                let is_weekend = date.weekday().to_sunday_zero_offset() % 6 == 0;
                let season = 1.0 + 0.15 * (day as f64 / 365.25 * std::f64::consts::TAU).cos();
                let trend = 1.0 + growth * day as f64 / DAYS as f64;
                let mean = division.people as f64 * busy * season * trend * if is_weekend { weekend } else { 1.0 };
                let count = (mean * (1.0 + 0.22 * random.normal())).max(0.0).round() as u64;
                csv.rows.push(vec![division.code.clone(), date.to_string(), "everyone".into(), count.to_string()]);
            }
        }
        csv
    }

    fn suggestions(&self, places: &[(f64, f64)]) -> Csv {
        let mut csv = Csv::new(
            "suggestions.csv",
            "id,center,lon,lat,place,text,category,status,answer,done_note,received_at,answered_at,closed_at",
        );
        let wanted = if places.len() < SUGGESTIONS { places.len() } else { SUGGESTIONS };
        let start = FIRST_DAY.at(0, 0, 0, 0);
        for n in 0..wanted {
            let mut random = Random::of(self.seed, 36, n as u64);
            let s = random.below(places.len());
            let (_, _, division) = self.of(s);
            let (category, text, answer, done) = WISHES[random.below(WISHES.len())];
            let status = ["received", "accepted", "in_progress", "done", "done", "declined"][random.below(6)];
            let minutes = random.below(DAYS as usize * 1440) as i64;
            let at = |minutes: i64| {
                start.checked_add(jiff::Span::new().minutes(minutes)).map(|t| format!("{t}Z")).unwrap_or_default()
            };
            let answered = minutes + 60 + random.below(4000) as i64;
            let closed = answered + 600 + random.below(40_000) as i64;
            let is_answered = status != "received";
            let (lon, lat) = self.beside(s, &mut random);
            let [lon, lat] = lon_lat((lon, lat));
            let text_or_none = |yes: bool, text: &str| if yes { text.to_owned() } else { String::new() };
            csv.rows.push(vec![
                format!("syn-suggestion-{:04}", n + 1),
                division.code.clone(),
                lon,
                lat,
                division.place_name(),
                text.into(),
                category.into(),
                status.into(),
                match status {
                    "received" => String::new(),
                    "declined" => "暂不具备条件，已向居民说明".into(),
                    _ => answer.into(),
                },
                text_or_none(status == "done", done),
                at(minutes),
                text_or_none(is_answered, &at(answered)),
                text_or_none(matches!(status, "done" | "declined"), &at(closed)),
            ]);
        }
        csv
    }
}
