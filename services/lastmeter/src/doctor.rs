//! `lastmeter doctor`: looks at this machine and says what is missing, each with what to do.
//!
//! It makes the data folder where there is none, and else changes nothing but two files of its own,
//! which it removes again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use runtime::clock::{Clock, SystemClock};
use runtime::vault::Vault;

use crate::cli::{Doctor, TlsChoice};
use crate::data::Files;
use crate::terminal::say;
use crate::tls::{self, Own};

/// How often the disk is asked to sync.
const SYNCS: usize = 20;
/// What is written before each, in bytes: about what a batch of scans is.
const SYNC_BYTES: usize = 4_096;
/// A sync that takes longer makes scanners wait.
const SYNC_SLOW: Duration = Duration::from_millis(30);
/// A sync that takes less was not one: no disk and no flash is as quick.
const SYNC_TOO_QUICK: Duration = Duration::from_micros(4);
/// Less room than this is filled within days, in KiB.
const ROOM_MIN_KIB: u64 = 2 * 1024 * 1024;
/// Before this nobody can have started this program, in seconds since 1970 (2025-01-01).
const CLOCK_MIN_SECONDS: i64 = 1_735_689_600;
/// Fewer open files than this are too few for the boards and phones of one community.
const FILES_MIN: u64 = 2_048;
/// A drawing with a Chinese sign, to look for a font.
const CHINESE: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\"><text>米</text></svg>";

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Good,
    /// It works, and something is worth doing.
    Hint,
    /// Something will not work.
    Bad,
}

/// What was found of one thing.
#[derive(Debug)]
struct Finding {
    standing: Standing,
    /// The thing, in Chinese and English.
    thing: &'static str,
    /// What was seen, in Chinese and English.
    seen: String,
    /// What to do, in Chinese and English; empty when there is nothing to do.
    todo: [String; 2],
}

/// Runs `lastmeter doctor`.
pub(crate) fn run(options: &Doctor) -> ExitCode {
    let mut files = Files::of(&options.folder.data);
    if let Some(keys) = &options.keys {
        files.keys.clone_from(keys);
    }
    let mut findings = vec![screens(), folder(&files), keys(&files), room(&files.folder)];
    findings.push(sync(&files.folder));
    findings.push(clock(&files.log));
    findings.push(port(options.listen));
    findings.extend(reach(options));
    findings.push(fonts());
    findings.extend(open_files());
    for finding in &findings {
        tell(finding);
    }
    let bad = findings.iter().filter(|finding| finding.standing == Standing::Bad).count();
    let hints = findings.iter().filter(|finding| finding.standing == Standing::Hint).count();
    say("");
    say(&match (bad, hints) {
        (0, 0) => "Everything is there. / 一切就绪。".to_owned(),
        (0, hints) => {
            format!("It works; {hints} things are worth doing. / 可以使用；{hints} 项建议改进。")
        }
        (bad, _) => format!("{bad} things are missing. / 缺少 {bad} 项，见上。"),
    });
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(finding: &Finding) {
    let mark = match finding.standing {
        Standing::Good => "✓",
        Standing::Hint => "!",
        Standing::Bad => "✗",
    };
    say(&format!("{mark} {}: {}", finding.thing, finding.seen));
    for todo in finding.todo.iter().filter(|todo| !todo.is_empty()) {
        say(&format!("    → {todo}"));
    }
}

fn good(thing: &'static str, seen: impl Into<String>) -> Finding {
    let todo = [String::new(), String::new()];
    Finding { standing: Standing::Good, thing, seen: seen.into(), todo }
}

fn hint(thing: &'static str, seen: impl Into<String>, chinese: &str, english: &str) -> Finding {
    let todo = [chinese.to_owned(), english.to_owned()];
    Finding { standing: Standing::Hint, thing, seen: seen.into(), todo }
}

fn bad(thing: &'static str, seen: impl Into<String>, chinese: &str, english: &str) -> Finding {
    Finding { standing: Standing::Bad, ..hint(thing, seen, chinese, english) }
}

fn screens() -> Finding {
    let thing = "页面 screens";
    if web::is_built() {
        return good(thing, "已内置 built into this program");
    }
    let asked = Command::new("node").arg("--version").stderr(Stdio::null()).output();
    match asked.ok().filter(|output| output.status.success()) {
        Some(node) => bad(
            thing,
            format!(
                "未构建，Node {} 已安装 not built; Node is there",
                String::from_utf8_lossy(&node.stdout).trim()
            ),
            "运行 cargo xtask web，再重新编译本程序",
            "run `cargo xtask web`, then build this program again",
        ),
        None => bad(
            thing,
            "未构建，也没有 Node not built, and Node is not installed",
            "安装 Node 20 或更新版本，运行 cargo xtask web，再重新编译；或换用已含页面的程序",
            "install Node 20 or newer, run `cargo xtask web` and build again; or use a program \
             that has them",
        ),
    }
}

fn folder(files: &Files) -> Finding {
    let thing = "数据 data folder";
    let shown = files.folder.display();
    match files
        .make_folder()
        .map_err(io::Error::other)
        .and_then(|()| probe(&files.folder, |_| Ok(())))
    {
        Ok(()) => good(thing, format!("{shown} 可写 can be written to")),
        Err(error) => bad(
            thing,
            format!("{shown}: {error}"),
            "换一个可写的文件夹（--data），或更改其权限",
            "choose a folder that can be written to (--data), or change its permissions",
        ),
    }
}

fn keys(files: &Files) -> Finding {
    let thing = "密钥 keys";
    match (files.log.exists(), files.keys.exists()) {
        (true, false) => bad(
            thing,
            format!("{} 缺失，而日志已有 is missing, and there is a log", files.keys.display()),
            "没有密钥，姓名和电话无法读取：请从备份恢复 keys.db，再启动；若放在别处，请加 --keys",
            "no name and no phone can be read: restore keys.db from the backup, then start; when it \
             lies elsewhere, say where with --keys",
        ),
        (false, false) => {
            good(thing, "尚无，录入第一个姓名时生成 none yet; they are made with the first name")
        }
        (_, true) => match Vault::held(&files.keys) {
            Ok(count) => good(
                thing,
                format!(
                    "{} 已有 {count} 把，请与日志分开备份 holds {count}; back it up apart from the log",
                    files.keys.display()
                ),
            ),
            Err(error) => bad(
                thing,
                format!("{} 无法读取 cannot be read: {error}", files.keys.display()),
                "没有密钥，姓名和电话无法读取：请从备份恢复 keys.db，再启动",
                "no name and no phone can be read: restore keys.db from the backup, then start",
            ),
        },
    }
}

/// The room on the disk, by the system's own tool: the standard library does not tell it.
fn room(folder: &Path) -> Finding {
    let thing = "磁盘空间 disk space";
    let output = Command::new("df").arg("-Pk").arg(folder).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let free = text
        .ok()
        .and_then(|text| text.lines().nth(1)?.split_whitespace().nth(3)?.parse::<u64>().ok());
    match free {
        Some(free) if free < ROOM_MIN_KIB => bad(
            thing,
            format!("剩余 {} MiB free", free / 1024),
            "清理磁盘：磁盘满时只能读、不能收件",
            "make room: on a full disk the engine only reads, and takes no scan",
        ),
        Some(free) => good(thing, format!("剩余 {} GiB free", free / 1024 / 1024)),
        None => hint(
            thing,
            "无法得知 cannot be told here",
            "请自行确认至少有 2 GiB 空余",
            "make sure that 2 GiB are free",
        ),
    }
}

fn sync(folder: &Path) -> Finding {
    let thing = "磁盘同步 disk sync";
    let mut times = vec![];
    let measured = probe(folder, |file| {
        for _ in 0..SYNCS {
            let began = Instant::now();
            file.write_all(&[0; SYNC_BYTES])?;
            file.sync_data()?;
            times.push(began.elapsed());
        }
        Ok(())
    });
    times.sort_unstable();
    let Some(median) = times.get(times.len() / 2).filter(|_| measured.is_ok()) else {
        return bad(
            thing,
            "磁盘不能同步 the disk does not sync",
            "换一块磁盘或文件系统：不能同步，断电会丢数据",
            "use another disk or file system: without a sync a power cut loses data",
        );
    };
    let seen = format!("{} µs / {SYNC_BYTES} B（{SYNCS} 次中位数 median）", median.as_micros());
    if *median < SYNC_TOO_QUICK {
        hint(
            thing,
            seen,
            "快得不像真的：若是内存盘或虚拟磁盘的“不安全缓存”，断电会丢数据",
            "too quick to be true: on a RAM disk or an unsafe virtual disk a power cut loses data",
        )
    } else if *median > SYNC_SLOW {
        hint(
            thing,
            seen,
            "偏慢，扫描会等待：请把数据文件夹放到固态硬盘",
            "slow, so scanners wait: put the data folder on a solid-state disk",
        )
    } else {
        good(thing, seen)
    }
}

fn clock(log: &Path) -> Finding {
    let thing = "时钟 clock";
    let now = SystemClock.now();
    let written = fs::metadata(log).and_then(|known| known.modified()).ok();
    let written = written.and_then(|at| jiff::Timestamp::try_from(at).ok());
    if now.as_second() < CLOCK_MIN_SECONDS || written.is_some_and(|at| at > now) {
        return bad(
            thing,
            format!("{now:.0}，早于本程序或日志 earlier than this program or its log"),
            "校准系统时间（timedatectl set-ntp true），再启动",
            "set the system's time (`timedatectl set-ntp true`), then start",
        );
    }
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return good(thing, format!("{now:.0}，网络校时 kept by the network"));
    }
    hint(
        thing,
        format!("{now:.0}，是否校时无法得知 whether anything keeps it right cannot be told"),
        "断网的机器请每天核对时间：时段和消杀计时都按它",
        "compare it daily where there is no network: windows and disinfection go by it",
    )
}

fn port(listen: SocketAddr) -> Finding {
    let thing = "端口 port";
    match TcpListener::bind(listen) {
        Ok(_) => good(thing, format!("{listen} 空闲 is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => hint(
            thing,
            format!("{listen} 已被占用：可能就是本程序 in use: by this program, or by another"),
            "若不是本程序：停掉另一个程序，或用 --listen 换端口",
            "when it is another: stop it, or choose another port with --listen",
        ),
        Err(error) => bad(
            thing,
            format!("{listen}: {error}"),
            "用 --listen 换一个本机地址和 1024 以上的端口",
            "choose an address of this machine and a port above 1024 with --listen",
        ),
    }
}

/// Whether phones reach this machine, and over HTTPS.
fn reach(options: &Doctor) -> Vec<Finding> {
    let thing = "手机访问 phones";
    if options.listen.ip().is_loopback() {
        return vec![hint(
            thing,
            format!("{} 只有本机能访问 is reached from this machine alone", options.listen),
            "要让手机和大屏使用，请加 --listen 0.0.0.0:8443 --tls self",
            "for phones and boards, add `--listen 0.0.0.0:8443 --tls self`",
        )];
    }
    let addresses = tls::addresses();
    let at = tls::reached_at(options.listen.ip(), &addresses);
    let reached = good(thing, format!("地址 reached at {at}, 端口 port {}", options.listen.port()));
    vec![reached, https(options, at)]
}

fn https(options: &Doctor, at: std::net::IpAddr) -> Finding {
    let thing = "HTTPS";
    match &options.tls {
        None => bad(
            thing,
            "未启用，手机摄像头和离线使用需要它 off: phones' cameras, and working offline, need it",
            "加 --tls self（自建证书，手机安装一次），或 --tls 证书,私钥",
            "add `--tls self` (a certificate of our own, installed once on each phone), or \
             `--tls CERT,KEY`",
        ),
        Some(TlsChoice::Given { certificate, key }) => match tls::given(certificate, key) {
            Ok(_) => good(thing, format!("证书 with {}", certificate.display())),
            Err(error) => bad(
                thing,
                with_causes(&error),
                "核对证书和私钥文件（PEM 格式，彼此对应）",
                "check the two files: PEM, and of each other",
            ),
        },
        Some(TlsChoice::Own) if !tls::can_vouch_for(at) => bad(
            thing,
            format!(
                "{at} 不是局域网地址，自建证书不能用 is no address of a local net, and our own \
                 authority vouches for no other"
            ),
            "改用正式证书：--tls 证书,私钥",
            "use a certificate of this address: `--tls CERT,KEY`",
        ),
        Some(TlsChoice::Own) if Own::is_made(&options.folder.data) => {
            good(thing, "自建证书已生成 with our own authority, which is made")
        }
        Some(TlsChoice::Own) => {
            good(thing, "首次启动时自建证书 with our own authority, which the first start makes")
        }
    }
}

fn fonts() -> Finding {
    let thing = "字体 fonts";
    match labels::Bitmap::of(CHINESE) {
        Ok(_) => good(thing, "标签有中文字体 there is a Chinese one for the labels"),
        Err(error) => bad(
            thing,
            error.to_string(),
            "安装中文字体（Debian：apt install fonts-noto-cjk），否则标签打不出汉字",
            "install a Chinese font (Debian: `apt install fonts-noto-cjk`), or labels have none",
        ),
    }
}

fn open_files() -> Option<Finding> {
    let thing = "同时连接 connections";
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    let most: u64 = line.split_whitespace().nth(3)?.parse().ok()?;
    Some(if most < FILES_MIN {
        hint(
            thing,
            format!("最多 {most} 个 at most {most} open files"),
            "提高上限：ulimit -n 65536（systemd：LimitNOFILE=65536）",
            "raise the limit: `ulimit -n 65536` (systemd: LimitNOFILE=65536)",
        )
    } else {
        good(thing, format!("{most} 个 open files"))
    })
}

/// Does something with a file of a folder, which is removed again.
fn probe(folder: &Path, use_it: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    let mut file = File::options().write(true).create_new(true).open(&path)?;
    let used = use_it(&mut file);
    fs::remove_file(&path)?;
    used
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
