//! The day report as a page to print: A4, black on white, both languages, no outside request.

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use projections::day_report::{DayReport, Figures};
use serde::Serialize;
use std::fmt::Write as _;

use super::Asked;
use crate::export::{Cell, Csv};

const STYLE: &str = "@page{size:A4 landscape;margin:15mm}body{font:11pt sans-serif;color:#000}\
h1{font-size:18pt;margin:0 0 4pt}h2{font-size:12pt;margin:14pt 0 4pt}\
table{border-collapse:collapse;width:100%}th,td{border:1px solid #000;padding:3pt 5pt;\
text-align:right}th:first-child,td:first-child{text-align:left}th small{display:block;\
font-weight:normal}";

/// The columns: their names in a file, in Chinese and in English.
const COLUMNS: [(&str, &str, &str); 11] = [
    ("arrived", "到达", "arrived"),
    ("at_gate", "门口", "at gate"),
    ("on_shelf", "货架", "on shelf"),
    ("returned", "退回", "returned"),
    ("out", "在途", "out"),
    ("handed_off", "送达", "handed off"),
    ("held", "暂存", "held"),
    ("refused", "退还", "given back"),
    ("disposed", "处理", "disposed"),
    ("missing", "缺失", "missing"),
    ("perishables_left", "易腐未送", "perishables left"),
];

fn cells(figures: &Figures) -> [u64; 11] {
    [
        figures.arrived,
        figures.at_gate,
        figures.on_shelf,
        figures.returned,
        figures.out,
        figures.handed_off,
        figures.held,
        figures.refused,
        figures.disposed,
        figures.missing,
        figures.perishables_left,
    ]
}

/// The report as CSV: the total, then every category, then every programme.
pub(super) fn csv(report: &DayReport) -> Response {
    let mut names = vec!["day", "from", "until", "group", "name"];
    names.extend(COLUMNS.iter().map(|(name, _, _)| *name));
    let mut csv = Csv::with(&names);
    for (group, name, figures) in rows(report) {
        let mut row = vec![
            Cell::of(Some(report.day)),
            Cell::of(report.from),
            Cell::of(report.until),
            Cell::from(group),
            Cell::from(name.as_str()),
        ];
        row.extend(cells(&figures).into_iter().map(Cell::from));
        csv.row(row);
    }
    csv.into_response("day-report")
}

/// The report as a page.
pub(super) fn page(community: &str, asked: &Asked<DayReport>) -> Response {
    let report = &asked.answer;
    let mut table = String::new();
    let mut last = "";
    for (group, name, figures) in rows(report) {
        if group != last {
            let (chinese, english) = match group {
                "total" => ("合计", "total"),
                "category" => ("按品类", "by category"),
                _ => ("按项目", "by programme"),
            };
            if !last.is_empty() {
                table.push_str("</table>");
            }
            push(&mut table, format_args!("<h2>{chinese} · {english}</h2><table><tr><th></th>"));
            for (_, chinese, english) in COLUMNS {
                push(&mut table, format_args!("<th>{chinese}<small>{english}</small></th>"));
            }
            table.push_str("</tr>");
            last = group;
        }
        push(&mut table, format_args!("<tr><td>{}</td>", escaped(&label(&name))));
        for count in cells(&figures) {
            push(&mut table, format_args!("<td>{count}</td>"));
        }
        table.push_str("</tr>");
    }
    table.push_str("</table>");
    let shift = match (report.from, report.until) {
        (None, None) => String::new(),
        (from, until) => {
            let time = |time: Option<jiff::civil::Time>, whole: &str| {
                time.map_or(whole.to_owned(), |time| time.strftime("%H:%M").to_string())
            };
            format!(" {}–{}", time(from, "00:00"), time(until, "24:00"))
        }
    };
    let (day, at, style) = (report.day, asked.at, STYLE);
    let community = escaped(community);
    let page = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <title>{community} {day}{shift}</title><style>{style}</style></head><body>\
         <h1>{community} 日报 · day report</h1><p>{day}{shift} · {at}</p>{table}</body></html>\n"
    );
    let mut response = Html(page).into_response();
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn rows(report: &DayReport) -> Vec<(&'static str, String, Figures)> {
    let mut rows = vec![("total", String::new(), report.total)];
    let by_category = report.by_category.iter();
    rows.extend(by_category.map(|(category, figures)| ("category", name(category), *figures)));
    let by_programme = report.by_programme.iter();
    rows.extend(by_programme.map(|(programme, figures)| ("programme", name(programme), *figures)));
    rows
}

fn name<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => String::new(),
    }
}

fn label(name: &str) -> String {
    let chinese = match name {
        "meal" => "餐食",
        "produce" => "生鲜",
        "parcel_goods" => "包裹",
        "medicine" => "药品",
        "ration" => "配给物资",
        "online" => "网购",
        "group_buy" => "团购",
        "proxy" => "代购",
        "relief" => "救济",
        "phone" => "电话",
        "no_order" => "无订单",
        _ => return "合计 total".to_owned(),
    };
    format!("{chinese} {}", name.replace('_', " "))
}

fn push(text: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    text.write_fmt(part).unwrap_or_default();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
