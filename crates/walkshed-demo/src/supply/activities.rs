//! Activities of centers: services, offers, events, visits and suggestions.

use super::{Csv, TableBuilder, lon_lat};
use crate::random::Random;
use jiff::civil::{Date, date};

/// Visits are counted from this day on, for two years.
const FIRST_DAY: Date = date(2024, 10, 1);
const DAYS: i64 = 730;
/// Number of centers with counted visits, and of suggestions, in each group of districts.
const COUNTED: usize = 300;
const SUGGESTIONS: usize = 2000;

/// Services: key, name, English name, category, audiences, fee; share of communities, and of villages, that offer it.
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

/// Suggestions: category, text, answer, note on what was done.
const SUGGESTION_TEXTS: [(&str, &str, &str, &str); 14] = [
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

impl TableBuilder<'_> {
    pub fn services() -> Csv {
        let mut csv = Csv::new("services.csv", "key,name,name_en,category,audiences,fee");
        csv.rows.extend(SERVICES.iter().map(|s| [s.0, s.1, s.2, s.3, s.4, s.5].map(str::to_owned).to_vec()));
        csv
    }

    pub fn offers(&self) -> Csv {
        let mut csv = Csv::new("offers.csv", "service,center,opening_hours,item_count");
        for s in self.generated_sites() {
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

    pub fn events(&self) -> Csv {
        /// Name, English name, first date, minutes, recurrence rule, category, audiences.
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
        for s in self.generated_sites() {
            let (_, _, division) = self.of(s);
            let mut random = Random::of(self.seed, 34, s as u64);
            let mean = if division.is_village { 0.08 } else { 0.7 };
            let first = random.below(PLANS.len());
            let more = random.between(0.0, mean);
            for k in 0..random.rounded_randomly(mean + more) {
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

    pub fn visits(&self) -> Csv {
        let mut csv = Csv::new("visits.csv", "center,day,audience,count");
        let open: Vec<usize> = self.generated_sites().collect();
        let counted = self.in_proportion(COUNTED);
        let step = (open.len() as f64 / counted as f64).max(1.0);
        for n in 0..counted.min(open.len()) {
            let s = open[(n as f64 * step) as usize];
            let (_, _, division) = self.of(s);
            let mut random = Random::of(self.seed, 35, s as u64);
            // One in twenty-five is hardly used.
            let busy = if n % 25 == 7 { 0.0004 } else { random.between(0.004, 0.015) };
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

    pub fn suggestions(&self) -> Csv {
        let mut csv = Csv::new(
            "suggestions.csv",
            "id,center,lon,lat,place,text,category,status,answer,done_note,received_at,answered_at,closed_at",
        );
        let sites: Vec<usize> = self.generated_sites().collect();
        let wanted = sites.len().min(self.in_proportion(SUGGESTIONS));
        let start = FIRST_DAY.at(0, 0, 0, 0);
        for n in 0..wanted {
            let mut random = Random::of(self.seed, 36, n as u64);
            let s = *random.pick(&sites);
            let (_, _, division) = self.of(s);
            let (category, text, answer, done) = SUGGESTION_TEXTS[random.below(SUGGESTION_TEXTS.len())];
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
