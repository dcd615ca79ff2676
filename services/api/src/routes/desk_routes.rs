//! The routes of the coordinator's desk.

use axum::routing::{MethodRouter, get, post};

use super::{Method, RequestBody, ResponseBody, Route, SchemaOf, schema};
use crate::App;
use crate::desk::import::households::{
    self, HouseholdImportBody, HouseholdListBody, HouseholdRowsBody,
};
use crate::desk::import::orders::{self, ListedOrdersBody, OrderImportBody, OrderListBody};
use crate::desk::roster::{self, RosterEntry};
use crate::desk::search::{self, FoundBody, SearchBody};

const CSV: ResponseBody = ResponseBody::Other("text/csv");

pub(super) fn routes() -> Vec<Route> {
    let mut routes = lists();
    routes.extend(questions());
    routes
}

fn lists() -> Vec<Route> {
    let route = |path, summary, query, response, handler| Route {
        path,
        method: Method::Get,
        summary,
        query,
        request: RequestBody::None,
        response,
        handler,
    };
    vec![
        route(
            "/api/v1/communities/{community}/volunteers",
            "Every volunteer with shifts, and how things stand.",
            None,
            ResponseBody::Json(schema::<Vec<RosterEntry>>),
            || get(roster::volunteers),
        ),
        route(
            "/api/v1/communities/{community}/volunteers/export.csv",
            "Every volunteer as CSV, one row for each shift, with its breaks.",
            None,
            CSV,
            || get(roster::volunteers_csv),
        ),
    ]
}

fn questions() -> Vec<Route> {
    type Handler = fn() -> MethodRouter<App>;
    let route = |path, summary, request: SchemaOf, response: SchemaOf, handler: Handler| Route {
        path,
        method: Method::Post,
        summary,
        query: None,
        request: RequestBody::Json(request),
        response: ResponseBody::Json(response),
        handler,
    };
    vec![
        route(
            "/api/v1/communities/{community}/search",
            "What is this? A number, a label, a door, a phone's end, a name, an id.",
            schema::<SearchBody>,
            schema::<FoundBody>,
            || post(search::search),
        ),
        route(
            "/api/v1/communities/{community}/imports/households/preview",
            "What each row of a list of households would change; nothing is written.",
            schema::<HouseholdListBody>,
            schema::<HouseholdRowsBody>,
            || post(households::preview),
        ),
        route(
            "/api/v1/communities/{community}/imports/households",
            "Carry out rows of a list of households; each gets its own answer.",
            schema::<HouseholdImportBody>,
            schema::<HouseholdRowsBody>,
            || post(households::carry_out),
        ),
        route(
            "/api/v1/communities/{community}/imports/orders/preview",
            "What each order of a list is; nothing is written.",
            schema::<OrderListBody>,
            schema::<ListedOrdersBody>,
            || post(orders::preview),
        ),
        route(
            "/api/v1/communities/{community}/imports/orders",
            "Place orders of a list; each gets its own answer.",
            schema::<OrderImportBody>,
            schema::<ListedOrdersBody>,
            || post(orders::carry_out),
        ),
    ]
}
