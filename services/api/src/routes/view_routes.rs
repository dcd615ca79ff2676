//! The routes of the views.

use axum::routing::{get, post};
use projections::arrivals::ArrivalDay;
use projections::building_page::BuildingPage;
use projections::building_queue::BuildingQueue;
use projections::coverage::CoverageReport;
use projections::day_report::DayReport;
use projections::delivery_plan::DeliveryPlan;
use projections::household_box::{HouseholdBox, ResidentBox};
use projections::needs_care::{CareEntry, ZeroShelf};
use projections::now_board::NowBoard;
use projections::parcel_trail::Trail;
use projections::run_sheet::{RunLine, RunSheet};

use super::{Method, RequestBody, ResponseBody, Route, SchemaOf, schema};
use crate::App;
use crate::views::When;
use crate::views::arrivals;
use crate::views::lists::{self, CareQuery, CoverageQuery, LookUpBody, SheetQuery};
use crate::views::pieces::{self, BuildingPageQuery, PiecesBody, PiecesQuery};
use crate::views::resources::{
    self as views, BuildingQuery, BuildingQueueDetailBody, DayQuery, RollUpBody, ShiftQuery,
};
use crate::views::story::{self, StoryQuery};

/// Lists as CSV.
const CSV: ResponseBody = ResponseBody::Other("text/csv");

fn route(
    path: &'static str,
    summary: &'static str,
    query: Option<SchemaOf>,
    response: ResponseBody,
    handler: fn() -> axum::routing::MethodRouter<App>,
) -> Route {
    let (method, request) = (Method::Get, RequestBody::None);
    Route { path, method, summary, query, request, response, handler }
}

fn json<T: schemars::JsonSchema>() -> ResponseBody {
    ResponseBody::Json(schema::<T>)
}

pub(super) fn routes() -> Vec<Route> {
    let mut routes = boards();
    routes.extend(lists());
    routes.extend(day_lists());
    routes.extend(of_one());
    routes
}

fn boards() -> Vec<Route> {
    vec![
        route(
            "/api/v1/boards",
            "The boards of every community, and their sum.",
            None,
            json::<RollUpBody>(),
            || get(views::roll_up),
        ),
        route(
            "/api/v1/communities/{community}/board",
            "Where everything is right now, by grid.",
            Some(schema::<When>),
            json::<NowBoard>(),
            || get(views::now_board),
        ),
        route(
            "/api/v1/communities/{community}/board/export.csv",
            "The board as CSV, one row for each grid.",
            Some(schema::<When>),
            CSV,
            || get(views::now_board_csv),
        ),
        route(
            "/api/v1/communities/{community}/building-queues",
            "The queue of every building.",
            Some(schema::<When>),
            json::<Vec<BuildingQueue>>(),
            || get(views::building_queues),
        ),
        route(
            "/api/v1/communities/{community}/building-queues/export.csv",
            "The queue of every building as CSV, one row for each category.",
            Some(schema::<When>),
            CSV,
            || get(views::building_queues_csv),
        ),
        route(
            "/api/v1/communities/{community}/building-queues/{building}",
            "The queue of one building, with its units and doors on demand.",
            Some(schema::<BuildingQuery>),
            json::<BuildingQueueDetailBody>(),
            || get(views::building_queue),
        ),
        route(
            "/api/v1/communities/{community}/day-report",
            "The figures of a day or shift, by category and programme; they add up.",
            Some(schema::<ShiftQuery>),
            json::<DayReport>(),
            || get(views::day_report),
        ),
        route(
            "/api/v1/communities/{community}/day-report/export.csv",
            "The figures of a day or shift as CSV.",
            Some(schema::<ShiftQuery>),
            CSV,
            || get(views::day_report_csv),
        ),
        route(
            "/api/v1/communities/{community}/day-report/print",
            "The figures of a day or shift as a page to print.",
            Some(schema::<ShiftQuery>),
            ResponseBody::Other("text/html"),
            || get(views::day_report_print),
        ),
    ]
}

fn lists() -> Vec<Route> {
    vec![
        route(
            "/api/v1/communities/{community}/pieces",
            "The pieces behind a figure, by where they are.",
            Some(schema::<PiecesQuery>),
            json::<PiecesBody>(),
            || get(pieces::pieces),
        ),
        route(
            "/api/v1/communities/{community}/pieces/export.csv",
            "The pieces behind a figure, as CSV.",
            Some(schema::<PiecesQuery>),
            CSV,
            || get(pieces::pieces_csv),
        ),
        route(
            "/api/v1/communities/{community}/delivery-plan",
            "What is due, which run takes it, and what is left over and why.",
            Some(schema::<DayQuery>),
            json::<DeliveryPlan>(),
            || get(lists::delivery_plan),
        ),
        route(
            "/api/v1/communities/{community}/delivery-plan/export.csv",
            "The plan of a day as CSV, one row for each run.",
            Some(schema::<DayQuery>),
            CSV,
            || get(lists::delivery_plan_csv),
        ),
        route(
            "/api/v1/communities/{community}/run-sheets",
            "Every run that is kept, the latest day first.",
            Some(schema::<When>),
            json::<Vec<RunLine>>(),
            || get(lists::run_sheets),
        ),
        route(
            "/api/v1/communities/{community}/run-sheets/export.csv",
            "Every run that is kept, as CSV.",
            Some(schema::<When>),
            CSV,
            || get(lists::run_sheets_csv),
        ),
        route(
            "/api/v1/communities/{community}/run-sheets/{run}",
            "A courier's stops in order, with what changed since it was last seen.",
            Some(schema::<SheetQuery>),
            json::<RunSheet>(),
            || get(lists::run_sheet),
        ),
        route(
            "/api/v1/communities/{community}/needs-care",
            "The pieces that need somebody out of turn, the longest waiting first.",
            Some(schema::<CareQuery>),
            json::<Vec<CareEntry>>(),
            || get(lists::needs_care),
        ),
        route(
            "/api/v1/communities/{community}/needs-care/export.csv",
            "The pieces that need care, as CSV.",
            Some(schema::<CareQuery>),
            CSV,
            || get(lists::needs_care_csv),
        ),
        route(
            "/api/v1/communities/{community}/zero-shelf",
            "What is still at the intake point when the day closes.",
            Some(schema::<DayQuery>),
            json::<ZeroShelf>(),
            || get(lists::zero_shelf),
        ),
        route(
            "/api/v1/communities/{community}/zero-shelf/export.csv",
            "What is still at the intake point, as CSV.",
            Some(schema::<DayQuery>),
            CSV,
            || get(lists::zero_shelf_csv),
        ),
    ]
}

fn day_lists() -> Vec<Route> {
    vec![
        route(
            "/api/v1/communities/{community}/arrivals",
            "Who comes to the intake point in each hour of a day, and where there is room.",
            Some(schema::<DayQuery>),
            json::<ArrivalDay>(),
            || get(arrivals::arrivals),
        ),
        route(
            "/api/v1/communities/{community}/arrivals/export.csv",
            "The arrival slots of a day as CSV, one row for each slot.",
            Some(schema::<DayQuery>),
            CSV,
            || get(arrivals::arrivals_csv),
        ),
        route(
            "/api/v1/communities/{community}/coverage",
            "The households that nobody has reached for days.",
            Some(schema::<CoverageQuery>),
            json::<CoverageReport>(),
            || get(lists::coverage),
        ),
        route(
            "/api/v1/communities/{community}/coverage/export.csv",
            "The households that nobody has reached for days, as CSV.",
            Some(schema::<CoverageQuery>),
            CSV,
            || get(lists::coverage_csv),
        ),
    ]
}

fn of_one() -> Vec<Route> {
    vec![
        route(
            "/api/v1/communities/{community}/buildings/{building}",
            "One page for a building's volunteer: what comes, who brings it, whom to call.",
            Some(schema::<BuildingPageQuery>),
            json::<BuildingPage>(),
            || get(pieces::building_page),
        ),
        route(
            "/api/v1/communities/{community}/households/{household}/box",
            "Everything on its way to a household.",
            Some(schema::<When>),
            json::<HouseholdBox>(),
            || get(lists::household_box),
        ),
        route(
            "/api/v1/communities/{community}/parcels/{id}/story",
            "Who held a piece when and what happened to it, on one page.",
            Some(schema::<StoryQuery>),
            json::<Trail>(),
            || get(story::story),
        ),
        route(
            "/api/v1/communities/{community}/parcels/{id}/story/export.csv",
            "What happened to a piece, as CSV.",
            Some(schema::<StoryQuery>),
            CSV,
            || get(story::story_csv),
        ),
        route(
            "/api/v1/communities/{community}/parcels/{id}/epcis",
            "The trail of a piece as an EPCIS 2.0 document.",
            Some(schema::<StoryQuery>),
            ResponseBody::Other("application/ld+json"),
            || get(story::epcis),
        ),
        Route {
            path: "/api/v1/communities/{community}/look-up",
            method: Method::Post,
            summary: "What is on its way to a door, for whoever knows the end of its phone number.",
            query: None,
            request: RequestBody::Json(schema::<LookUpBody>),
            response: json::<ResidentBox>(),
            handler: || post(lists::look_up),
        },
    ]
}
