//! Labels of pieces, as a drawing for the screen and as commands for label printers.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::ids::{CommunityId, ParcelId};
use domain::parcel::Parcel;
use domain::parcel::event::ParcelArrived;
use domain::supply::{Category, Cold};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use labels::{Bitmap, Label, LabelError, Paper};
use runtime::Problem;
use runtime::vault::Opened;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::App;
use crate::body;
use crate::commands::path_part;
use crate::problem::ProblemResponse;
use crate::sender::{standing_arrival, subject_of};

/// What printers understand is nothing that a browser should show.
const FOR_PRINTERS: &str = "application/octet-stream";

/// How a label is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelQuery {
    /// `60x40`, `100x150`, `58` or `80`. Without it: `60x40`.
    paper: Option<String>,
    /// For whom. Without it: the screen.
    format: Option<LabelFormat>,
}

/// In which form a label comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LabelFormat {
    /// A drawing, for the screen and the browser's print.
    Svg,
    /// Commands for Zebra printers.
    Zpl,
    /// Commands for TSC printers and their like.
    Tspl,
    /// Commands for receipt printers.
    Escpos,
}

/// The label of a piece, by its short code or its number.
pub(crate) async fn label(
    State(app): State<App>,
    Path((community, code)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let LabelQuery { paper, format } = body::query(&uri)?;
    let paper = paper.as_deref().unwrap_or("60x40");
    let paper = Paper::named(paper).ok_or_else(|| paper_unknown(paper))?;
    let parcel = app.engine.find(&community, &code)?;
    let label = of_piece(&app, &community, parcel).await?;
    let drawn = labels::svg(&label, paper).map_err(problem)?;
    let format = format.unwrap_or(LabelFormat::Svg);
    let (media_type, ending, bytes) = match format {
        LabelFormat::Svg => ("image/svg+xml", "svg", drawn.into_bytes()),
        LabelFormat::Zpl => (FOR_PRINTERS, "zpl", labels::zpl(&dots(drawn).await?)),
        LabelFormat::Tspl => (FOR_PRINTERS, "tspl", labels::tspl(&dots(drawn).await?, paper)),
        LabelFormat::Escpos => (FOR_PRINTERS, "escpos", labels::escpos(&dots(drawn).await?)),
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("inline; filename=\"{}.{ending}\"", label.code);
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// What a QR code shall hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QrQuery {
    text: String,
}

/// The longest text that is made a QR code, in bytes: more is hard to read for an old phone.
const QR_BYTES_MAX: usize = 300;

/// A QR code of a text, such as the address of a courier's page.
pub(crate) async fn qr(uri: Uri) -> Result<Response, ProblemResponse> {
    let QrQuery { text } = body::query(&uri)?;
    if text.is_empty() || text.len() > QR_BYTES_MAX {
        return Err(problem(LabelError::Code).into());
    }
    let drawn = labels::Qr::of(&text).map_err(problem)?.svg();
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, drawn).into_response())
}

/// Drawing takes some milliseconds, and the first time the fonts are read too.
async fn dots(drawn: String) -> Result<Bitmap, Problem> {
    let bitmap = tokio::task::spawn_blocking(move || Bitmap::of(&drawn)).await;
    let bitmap = bitmap.unwrap_or(Err(LabelError::Drawing));
    bitmap.map_err(problem)
}

async fn of_piece(app: &App, community: &CommunityId, id: ParcelId) -> Result<Label, Problem> {
    let (state, _) = app.engine.peek::<Parcel>(community, &id).await?;
    let Some(cue) = app.engine.cue(community, id, &state).await else {
        return Err(piece_unknown());
    };
    let arrival = standing_arrival(app, community, id).await?;
    let zone = app.engine.with_place(community, |place| {
        let registered = place.community().registered.as_ref()?;
        TimeZone::get(&registered.time_zone).ok()
    })?;
    let clock = |at: Timestamp| {
        at.to_zoned(zone.clone().unwrap_or(TimeZone::UTC)).strftime("%m-%d %H:%M").to_string()
    };
    let cold = match cue.cold {
        Some(Cold::Chilled) => Some("冷藏"),
        Some(Cold::Frozen) => Some("冷冻"),
        Some(Cold::Ambient) | None => None,
    };
    let urgent = cue.urgent.then_some("急件");
    let on_behalf = cue.on_behalf.then_some("代收");
    Ok(Label {
        code: cue.label,
        grid: cue.grid.map(|grid| grid.to_string()),
        building: cue.building.map(|building| building.to_string()),
        unit: cue.unit.map(|unit| unit.to_string()),
        room: cue.room.map(|room| room.to_string()),
        shelf: cue.shelf.map(|shelf| shelf.to_string()),
        category: cue.category.map(|category| words(category).to_owned()),
        marks: urgent.into_iter().chain(cold).chain(on_behalf).map(str::to_owned).collect(),
        piece: cue.piece.map(|piece| (piece.number, piece.of)),
        phone_tail: arrival.as_ref().and_then(|(arrived, _)| tail(app, community, id, arrived)),
        time_in: arrival.map(|(_, at)| clock(at)),
    })
}

/// The phone's last digits; nothing once the household was erased.
fn tail(
    app: &App,
    community: &CommunityId,
    id: ParcelId,
    arrived: &ParcelArrived,
) -> Option<String> {
    let subject = subject_of(community, id, arrived);
    match app.engine.vault().open_sealed(&subject, arrived.phone_tail.as_ref()?).ok()? {
        Opened::Text(tail) => Some(tail),
        Opened::Erased => None,
    }
}

fn words(category: Category) -> &'static str {
    match category {
        Category::Meal => "餐食",
        Category::Produce => "生鲜",
        Category::ParcelGoods => "包裹",
        Category::Medicine => "药品",
        Category::Ration => "配给",
    }
}

fn problem(error: LabelError) -> Problem {
    let (code, chinese) = match error {
        LabelError::NoChineseFont => (
            "font-missing",
            "服务器没有中文字体：请安装（Debian：fonts-noto-cjk）后重试；现在请手写短码",
        ),
        LabelError::Code => ("code-too-long", "此码无法做成条码：请手写"),
        LabelError::Drawing => ("label-failed", "标签没有画成：请手写短码，并告知前台"),
    };
    Problem::invalid(code, error.to_string(), chinese)
}

fn paper_unknown(paper: &str) -> Problem {
    Problem::invalid(
        "paper-unknown",
        format!("there is no paper `{paper}`: choose 60x40, 100x150, 58 or 80"),
        format!("没有纸张 `{paper}`：请选 60x40、100x150、58 或 80"),
    )
}

fn piece_unknown() -> Problem {
    Problem::not_found(
        "piece-unknown",
        "no open piece has this code: check it, or scan the piece again",
        "没有这一件：请核对短码或重新扫描",
    )
}
