use std::time::Instant;
use walkshed_register::query::*;
use walkshed_register::*;
use walkshed_engine::geo::Position;
use std::sync::Arc;
fn main() {
    let n: usize = std::env::args().nth(1).map_or(620_000, |a| a.parse().unwrap());
    let t = std::fs::read_to_string("/work/shared/data/chongqing/divisions.csv").unwrap();
    let rows: Vec<Vec<String>> = t.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect()).collect();
    let stems: Vec<String> = rows.iter().map(|r| r[1].replace("社区居民委员会", "").replace("村民委员会", "").replace("居民委员会", "")).collect();
    let m = stems.len();
    let mut x = 12345u64;
    let mut rnd = move |k: usize| { x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); ((x >> 33) as usize) % k };
    let centers: Vec<Center> = (0..n).map(|i| {
        let real = i < m;
        let (a, b) = (&stems[rnd(m)], &stems[rnd(m)]);
        let stem: String = if real { stems[i].clone() } else { a.chars().take(1).chain(b.chars().skip(usize::from(b.chars().count()>1))).collect() };
        let name = if rnd(10) < 6 { format!("{stem}社区党群服务中心") } else { format!("{stem}村便民服务中心") };
        let town = &rows[i % m][3];
        let code = DivisionCode::new(&format!("{}{:02}{:02}{:03}{:03}", ["50","51","44","37","41","11","42","32","33","13"][i/62_000 % 10], 1 + i / 4000 % 16, 1 + i / 400 % 10, 1 + i / 20 % 20, 1 + i % 20));
        let code = code.unwrap_or_else(|e| panic!("{e}"));
        Center { id: i as i64 + 1, version: 1, address: Some(format!("{town}{}路{}号", stems[rnd(m)], 1 + rnd(300))),
          name_en: (i % 3 == 0).then(|| format!("Community Service Center {}", i)),
          ..Center::new(code, name, Position::new(106.0, 29.0).unwrap()) }
    }).collect();
    for c in [1,m+5, n-1] { let c = &centers[c]; println!("{} {:?} {}", c.name, c.address, c.code.as_str()); }
    println!("{}", std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS")).collect::<Vec<_>>().join(" "));
    let register = Register::new(RegisterRows { centers, ..Default::default() }, Arc::default());
    let cpu = || std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9;
    let t = Instant::now(); let c0 = cpu();
    let bytes = register.build_text_search();
    println!("build {:.2} s, cpu {:.2} s {} B/row", t.elapsed().as_secs_f64(), cpu() - c0, bytes / n);
    println!("{}", std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS")).collect::<Vec<_>>().join(" "));
    let name = &register.centers[n / 2].name;
    let four: String = name.chars().take(4).collect();
    for q in ["社", "桥", "1", "a", "社区", "石桥", "50", "社区党群", "服务中心", "党群服务中心", "社区党群服务中心", "便民服务中心村", "石桥社区", "村便民服务中心", "大石村", &four, name, "Community Service Center", "center 12", "5001", "500103", "路12号", "fwzx", "sq", "sqdqfwzx", "cqyz", "sqc","dsc","sqwsfw", "zzzz", "街道"] {
        let f = CenterFilter { text: SearchText::new(q), ..Default::default() };
        let mut best = f64::MAX; let mut len = 0; let mut cand=0;
        for _ in 0..7 { let t = Instant::now(); let c = f.candidates(&register).unwrap(); cand=c.len(); len = f.select(&register, c).unwrap().len(); best = best.min(t.elapsed().as_secs_f64()); }
        println!("{q:30} {len:7} {:.3} ms {cand}", best * 1e3);
    }
    let t = Instant::now(); let f = SearchText::new("石桥社区").unwrap();
    println!("scan {} {:.1} ms", register.centers.iter().filter(|c| f.matches(&***c)).count(), t.elapsed().as_secs_f64()*1e3);
}
