//! Start of a server with the demonstration city: `cargo bench --bench demo`. Measures the time of the first start, which creates
//! the city, and of later starts until the first response, and the memory of the server. `walkshed demo` only creates the city.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot set up should fail")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;

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
    if is_test {
        let data = folder.path().join("walkshed-data");
        let made = Command::new(env!("CARGO_BIN_EXE_walkshed"))
            .args(["demo", "--scale", "0.01", "--data"])
            .arg(data)
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success());
    }
    for round in 0..if is_test { 1 } else { ROUNDS } {
        if !is_test {
            let _ = std::fs::remove_dir_all(folder.path().join("walkshed-data"));
            let (time, server) = start(folder.path());
            println!("round {}: first start {:.1} s, {}", round + 1, time.as_secs_f64(), memory(server.0.id()));
        }
        let (time, server) = start(folder.path());
        println!("round {}: later start {:.2} s, {}", round + 1, time.as_secs_f64(), memory(server.0.id()));
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
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Describes the resident memory and its peak, as reported by Linux.
fn memory(process: u32) -> String {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else {
        return "memory unknown: there is no /proc here".into();
    };
    let of = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name));
        line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    };
    format!("{:.0} MB resident ({:.0} MB of it files), at most {:.0} MB", of("VmRSS:"), of("RssFile:"), of("VmHWM:"))
}
