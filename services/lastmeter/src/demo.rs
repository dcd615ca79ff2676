//! `lastmeter demo`: the sample community, served, and a day of it played through the public API.

mod clock;
mod front;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use event_log::EventLog;
use simulator::simulate::{FIRST_DAY, Inspector, live};
use simulator::{Days, FUMIN_GARDEN, Report, Size};

use self::clock::PacedClock;
use self::front::HttpFront;
use crate::Failure;
use crate::cli::{Demo, LogFormat};
use crate::data::{Data, Files};
use crate::serve::{Served, Source, Stop, start_logging};
use crate::terminal::say;

/// Runs the sample day, then serves on until it is told to stop.
pub(crate) fn run(options: &Demo) -> Result<ExitCode, Failure> {
    start_logging(LogFormat::Text, "warn");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let Data { log, vault, photos, snapshots } = Files::of(&options.folder.data).open()?;
    let code = runtime.block_on(async {
        let days = Days::new(FUMIN_GARDEN, options.seed, Size::FULL, FIRST_DAY)?;
        let last = last_recorded(log.as_ref()).await?;
        let clock = Arc::new(PacedClock::at(last.unwrap_or(days.now())));
        let source = Source {
            log: Arc::clone(&log) as Arc<dyn EventLog>,
            vault,
            clock: Arc::clone(&clock) as Arc<dyn runtime::clock::Clock>,
            snapshots: Some(snapshots),
            closed_kept: api::CLOSED_KEPT,
            graphql: api::GraphqlSettings { explorer: true, ..Default::default() },
            webhooks: api::WebhookSettings::default(),
            photos,
        };
        let address = SocketAddr::from(([127, 0, 0, 1], options.port));
        let served = Served::start(source, address, None).await?;
        let stop = Stop::listen()?;
        show_links(&served);
        // Ctrl-C ends the day wherever it is; what it has recorded is in the log.
        let code = tokio::select! {
            () = stop.wait() => ExitCode::SUCCESS,
            code = play_and_stay(options, days, last.is_some(), &served, clock, &log) => code?,
        };
        served.stop().await;
        Ok::<_, Failure>(code)
    })?;
    drop(runtime);
    log.close();
    Ok(code)
}

/// Questions that a link can ask.
const GRAPHQL_LINKS: [(&str, &str); 3] = [
    (
        "现况 the board   ",
        "%7Bcommunity(key:%22fumin-garden%22)%7Bviews%7BnowBoard%7Btotal%7Bpieces%7BatGate%20onShelf\
         %20loaded%20handedOffToday%7D%7D%7D%7D%7D%7D",
    ),
    (
        "楼栋 the queues  ",
        "%7Bcommunity(key:%22fumin-garden%22)%7Bviews%7BbuildingQueues%7Bbuilding%20total%7BatGate%20\
         onShelf%20loaded%7D%7D%7D%7D%7D",
    ),
    (
        "配送 the runs    ",
        "%7Bcommunity(key:%22fumin-garden%22)%7BopenRuns(first:5)%7Bnodes%7Bphase%20grid%20stops\
         %7Bdoor%7Bbuilding%20room%7Doutcome%7D%7D%7D%7D%7D",
    ),
];

fn show_links(served: &Served) {
    let base = format!("http://{}", served.address);
    say(&format!("Lastmeter · {base}/"));
    say(&format!("  社区 communities   {base}/api/v1/communities"));
    say(&format!("  今日 the day       {base}/api/v1/communities/fumin-garden/day-report"));
    say(&format!("  探索 GraphQL       {base}/graphql"));
    for (name, query) in GRAPHQL_LINKS {
        say(&format!("    {name}  {base}/graphql?query={query}"));
    }
    say(&format!("  状态 readiness     {base}/readyz?verbose"));
    say(&format!("  接口 the contract  {base}/api/v1/openapi.json"));
    say("");
}

async fn play_and_stay(
    options: &Demo,
    days: Days,
    played: bool,
    served: &Served,
    clock: Arc<PacedClock>,
    log: &Arc<event_log::SqliteLog>,
) -> Result<ExitCode, Failure> {
    let code = if played {
        let folder = options.folder.data.display();
        say(&format!("{folder} 已有一天的记录，只提供服务；删除该文件夹或换用 --data 可重新开始"));
        say(&format!("{folder} holds a day already, so it is only served: remove that folder, or"));
        say("choose another with --data, to play a new one");
        ExitCode::SUCCESS
    } else {
        play(options, days, served, Arc::clone(&clock), log).await?
    };
    clock.go_on();
    if options.once {
        return Ok(code);
    }
    show_a_scan_to_try(served);
    say("继续提供服务，按 Ctrl-C 结束 · serving on; Ctrl-C ends it");
    // The caller waits for the signal beside this.
    std::future::pending().await
}

/// Plays the day; the exit code says whether its figures add up.
async fn play(
    options: &Demo,
    mut days: Days,
    served: &Served,
    clock: Arc<PacedClock>,
    log: &Arc<event_log::SqliteLog>,
) -> Result<ExitCode, Failure> {
    let mut front = HttpFront::new(served.address, clock, options.speed);
    let mut inspector = Inspector::of(Arc::clone(log) as Arc<dyn EventLog>);
    let mut steps = 0;
    say("登记社区、住户与志愿者 · registering the community, its households and volunteers");
    days.set_up(&mut front).await?;
    inspector.look().await?;
    say("一天开始 · the day begins");
    live(&mut days, &mut front, &mut inspector, &mut steps).await?;
    let report = Report::of(options.seed, 1, steps, days.tally(), inspector.rules());
    say("");
    for line in report.to_string().lines() {
        say(line);
    }
    let refused = served.engine.reactions().refused();
    for reaction in &refused {
        say(&format!("a process was refused: {} {}", reaction.stream, reaction.english));
    }
    let good = report.balances() && refused.is_empty();
    say("");
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show_a_scan_to_try(served: &Served) {
    say("试扫一件 · a scan to try; send it twice, it happens once:");
    say(&format!(
        "  curl http://{}/api/v1/scans -H 'content-type: application/json' -d '{}'",
        served.address,
        concat!(
            r#"{"community":"fumin-garden","actor":"desk-1","scans":[{"kind":"arrive","#,
            r#""command_id":"0192f3a4-b5c6-7d7e-8f90-0123456789ab","code":"SF1234567890123","#,
            r#""carrier":"sf","address":"10栋2单元301"}]}"#,
        )
    ));
}

/// When the last event of a log was recorded: its day goes on from there.
async fn last_recorded(log: &dyn EventLog) -> Result<Option<jiff::Timestamp>, Failure> {
    let last = log.read_all(None, event_log::Direction::Backwards, 1).await?;
    let Some(last) = last.first() else { return Ok(None) };
    Ok(Some(runtime::codec::decode_metadata(last)?.recorded_at))
}
