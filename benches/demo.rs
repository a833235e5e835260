//! Start of a server with the demonstration city: `cargo bench --bench demo`. Measures the time from the command until the server
//! answers that it is ready, for the first start, which creates the city, for a start without the prepared register and for later
//! starts; the memory of the idle server; and the sizes of the files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot set up should fail")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Number of later starts of which the median is printed.
const LATER_STARTS: usize = 7;
/// After this time a server that has written the prepared register is idle.
const SETTLE: Duration = Duration::from_secs(15);

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    // `cargo bench -- --test` runs it once, on a small city.
    let is_test = std::env::args().any(|a| a == "--test");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("walkshed-data");
    let (starts, settle) = if is_test { (1, Duration::from_millis(500)) } else { (LATER_STARTS, SETTLE) };
    if is_test {
        let made = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(["demo", "--scale", "0.01", "--data"])
            .arg(&data)
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success());
    } else {
        let (time, server) = start(folder.path());
        println!("first start: {:.1} s, {}", time.as_secs_f64(), memory(server.0.id()));
        drop(server);
    }
    let prepared = data.join("register.walkshed");
    let _ = std::fs::remove_file(&prepared);
    let (time, server) = start(folder.path());
    println!("start without the prepared register: {:.2} s", time.as_secs_f64());
    let began = Instant::now();
    while !prepared.exists() {
        assert!(began.elapsed() < Duration::from_mins(1), "the server has not written the prepared register");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(settle);
    println!("  after {} s: {}", settle.as_secs(), memory(server.0.id()));
    drop(server);
    let mut times: Vec<Duration> = (0..starts).map(|_| start(folder.path()).0).collect();
    times.sort_unstable();
    println!(
        "later start, median of {starts}: {:.3} s ({:.3} to {:.3})",
        times[starts / 2].as_secs_f64(),
        times[0].as_secs_f64(),
        times[starts - 1].as_secs_f64()
    );
    let (_, server) = start(folder.path());
    std::thread::sleep(settle);
    println!("  after {} s: {}", settle.as_secs(), memory(server.0.id()));
    for name in ["streets.walkshed", "walkshed.db", "register.walkshed"] {
        let bytes = std::fs::metadata(data.join(name)).unwrap().len();
        println!("  {name}: {:.1} MB", bytes as f64 / 1e6);
    }
}

/// Starts `walkshed` without a command, and waits until it is ready.
fn start(folder: &Path) -> (Duration, Running) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let began = Instant::now();
    let server = Command::new(env!("CARGO_BIN_EXE_walkshed"))
        .env("WALKSHED_LISTEN", address.to_string())
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut server = Running(server);
    loop {
        if let Ok(mut stream) = TcpStream::connect(address) {
            let request = format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
            let mut answer = String::new();
            if stream.write_all(request.as_bytes()).is_ok()
                && stream.read_to_string(&mut answer).is_ok()
                && answer.starts_with("HTTP/1.1 200")
            {
                return (began.elapsed(), server);
            }
        }
        assert!(server.0.try_wait().unwrap().is_none(), "the server did not start");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Describes the resident memory and its peak, as reported by Linux.
fn memory(process: u32) -> String {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else {
        return "memory unknown: there is no /proc here".into();
    };
    let of = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name));
        line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok()).unwrap_or_default() * 1024.0 / 1e6
    };
    format!("{:.0} MB resident ({:.0} MB of it files), at most {:.0} MB", of("VmRSS:"), of("RssFile:"), of("VmHWM:"))
}
