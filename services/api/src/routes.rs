//! Every route, once: its path, its method, its contract and its handler.

mod desk_routes;
mod plan_routes;
mod view_routes;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::commands::{
    self, ArrivalSlotCommandBody, CommandBody, CommandedBody, CommunityCommandBody,
    DeviceCommandBody, HouseholdCommandBody, OrderCommandBody, RunCommandBody,
    VolunteerCommandBody,
};
use crate::photos::{self, PhotoBody, PhotoQuery, PhotoTakenBody};
use crate::resources::{
    self, CommunityBody, LoadQuery, LoadedBody, OrderBody, ParcelBody, ResolveBody, ResolvedBody,
    RunBody, TrailEntryBody, VolunteerBody,
};
use crate::run_sheet::{self, SheetBody, SheetQuestion, SlipBody, SlipQuestion};
use crate::scans::{self, AnswersBody, ScansBody};
use crate::sender::{self, SenderBody};
use crate::{App, health, intake, labels, openapi, webhooks};

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// How a path is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
}

/// What a body is.
pub(crate) enum RequestBody {
    None,
    Json(SchemaOf),
    Toml,
    Jpeg,
}

/// What an answer is.
pub(crate) enum ResponseBody {
    Json(SchemaOf),
    /// A text of this media type.
    Other(&'static str),
}

/// One route and its contract.
pub(crate) struct Route {
    pub path: &'static str,
    pub method: Method,
    pub summary: &'static str,
    pub query: Option<SchemaOf>,
    pub request: RequestBody,
    pub response: ResponseBody,
    pub handler: fn() -> MethodRouter<App>,
}

pub(crate) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The contract's routes.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route {
            path: "/api/v1/scans",
            method: Method::Post,
            summary: "Take one or many scans of one device; each gets its own answer.",
            query: None,
            request: RequestBody::Json(schema::<ScansBody>),
            response: ResponseBody::Json(schema::<AnswersBody>),
            handler: || post(scans::post),
        },
        Route {
            path: "/api/v1/communities",
            method: Method::Post,
            summary: "Load a whole community from its TOML file; only what differs changes.",
            query: Some(schema::<LoadQuery>),
            request: RequestBody::Toml,
            response: ResponseBody::Json(schema::<LoadedBody>),
            handler: || post(resources::load_community),
        },
        Route {
            path: "/api/v1/communities/{community}/commands",
            method: Method::Post,
            summary: "Change one fact of a community.",
            query: None,
            request: RequestBody::Json(schema::<CommandBody<CommunityCommandBody>>),
            response: ResponseBody::Json(schema::<CommandedBody>),
            handler: || post(commands::post_community),
        },
        Route {
            path: "/api/v1/communities/{community}/resolve",
            method: Method::Post,
            summary: "Say for whom an address is, without recording anything.",
            query: None,
            request: RequestBody::Json(schema::<ResolveBody>),
            response: ResponseBody::Json(schema::<ResolvedBody>),
            handler: || post(resources::resolve),
        },
        Route {
            path: "/api/v1/communities/{community}/runs/{id}/slip",
            method: Method::Post,
            summary: "Print a slip for a courier: the run's link and a new PIN, told this once.",
            query: None,
            request: RequestBody::Json(schema::<SlipQuestion>),
            response: ResponseBody::Json(schema::<SlipBody>),
            handler: || post(run_sheet::print_slip),
        },
        Route {
            path: "/api/v1/communities/{community}/runs/{id}/sheet",
            method: Method::Post,
            summary: "A courier's sheet, for the PIN on the run's slip.",
            query: None,
            request: RequestBody::Json(schema::<SheetQuestion>),
            response: ResponseBody::Json(schema::<SheetBody>),
            handler: || post(run_sheet::sheet),
        },
    ];
    routes.extend(command_routes());
    routes.extend(read_routes());
    routes.extend(view_routes::routes());
    routes.extend(plan_routes::routes());
    routes.extend(desk_routes::routes());
    routes.extend(webhooks::routes());
    routes.extend(photo_routes());
    routes
}

fn photo_routes() -> Vec<Route> {
    vec![
        Route {
            path: "/api/v1/communities/{community}/parcels/{id}/photos",
            method: Method::Post,
            summary: "Take a picture of a piece; nothing is kept of what a camera writes beside it.",
            query: Some(schema::<PhotoQuery>),
            request: RequestBody::Jpeg,
            response: ResponseBody::Json(schema::<PhotoTakenBody>),
            handler: || post(photos::take),
        },
        Route {
            path: "/api/v1/communities/{community}/parcels/{id}/photos",
            method: Method::Get,
            summary: "The pictures of a piece, the oldest first.",
            query: None,
            request: RequestBody::None,
            response: ResponseBody::Json(schema::<Vec<PhotoBody>>),
            handler: || get(photos::list),
        },
        Route {
            path: "/api/v1/communities/{community}/parcels/{id}/photos/{photo}",
            method: Method::Get,
            summary: "A picture as it was taken, for as long as it is kept.",
            query: None,
            request: RequestBody::None,
            response: ResponseBody::Other("image/jpeg"),
            handler: || get(photos::show),
        },
    ]
}

fn command_routes() -> Vec<Route> {
    let route = |path, summary, request, handler| Route {
        path,
        method: Method::Post,
        summary,
        query: None,
        request: RequestBody::Json(request),
        response: ResponseBody::Json(schema::<CommandedBody>),
        handler,
    };
    vec![
        route(
            "/api/v1/communities/{community}/households/{id}/commands",
            "Change one fact of a household.",
            schema::<CommandBody<HouseholdCommandBody>>,
            || post(commands::post::<HouseholdCommandBody>),
        ),
        route(
            "/api/v1/communities/{community}/arrivals/{day}/commands",
            "Book an arrival slot of a day, or change one.",
            schema::<CommandBody<ArrivalSlotCommandBody>>,
            || post(commands::post::<ArrivalSlotCommandBody>),
        ),
        route(
            "/api/v1/communities/{community}/orders/{id}/commands",
            "Place an order or change it.",
            schema::<CommandBody<OrderCommandBody>>,
            || post(commands::post::<OrderCommandBody>),
        ),
        route(
            "/api/v1/communities/{community}/runs/{id}/commands",
            "Plan a run, find a courier for it, and end it.",
            schema::<CommandBody<RunCommandBody>>,
            || post(commands::post::<RunCommandBody>),
        ),
        route(
            "/api/v1/communities/{community}/volunteers/{id}/commands",
            "Enrol a volunteer or change what is known of one.",
            schema::<CommandBody<VolunteerCommandBody>>,
            || post(commands::post::<VolunteerCommandBody>),
        ),
        route(
            "/api/v1/communities/{community}/devices/{id}/commands",
            "Revoke a device or trust it again.",
            schema::<CommandBody<DeviceCommandBody>>,
            || post(commands::post::<DeviceCommandBody>),
        ),
    ]
}

fn read_routes() -> Vec<Route> {
    let route = |path, summary, query, response, handler| Route {
        path,
        method: Method::Get,
        summary,
        query,
        request: RequestBody::None,
        response: ResponseBody::Json(response),
        handler,
    };
    vec![
        route(
            "/api/v1/communities",
            "Every community in a few figures.",
            None,
            schema::<Vec<CommunityBody>>,
            || get(resources::communities),
        ),
        route(
            "/api/v1/communities/{community}/intake",
            "The intake point as it stands: its tables, what is expected, what is held.",
            None,
            schema::<intake::IntakeBody>,
            || get(intake::intake),
        ),
        route(
            "/api/v1/communities/{community}/parcels/{id}",
            "A parcel as it stands.",
            None,
            schema::<ParcelBody>,
            || get(resources::parcel),
        ),
        route(
            "/api/v1/communities/{community}/parcels/{id}/trail",
            "A parcel's whole trail, however long ago it was closed.",
            None,
            schema::<Vec<TrailEntryBody>>,
            || get(resources::trail),
        ),
        route(
            "/api/v1/communities/{community}/parcels/{id}/sender",
            "Who sent a piece, as long as it is under way.",
            None,
            schema::<SenderBody>,
            || get(sender::sender),
        ),
        route(
            "/api/v1/communities/{community}/orders/{id}",
            "An order as it stands.",
            None,
            schema::<OrderBody>,
            || get(resources::order),
        ),
        route(
            "/api/v1/communities/{community}/runs/{id}",
            "A run as it stands.",
            None,
            schema::<RunBody>,
            || get(resources::run),
        ),
        route(
            "/api/v1/communities/{community}/volunteers/{id}",
            "A volunteer as it stands; never a name.",
            None,
            schema::<VolunteerBody>,
            || get(resources::volunteer),
        ),
    ]
}

/// Every route, with those that are no part of the contract.
pub(crate) fn router() -> Router<App> {
    let contract = routes()
        .into_iter()
        .fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    contract
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/api/v1/communities/{community}/labels/{code}", get(labels::label))
        .route("/api/v1/qr.svg", get(labels::qr))
        .route("/api/v1/openapi.json", get(contract_document))
}

async fn contract_document() -> impl IntoResponse {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], openapi::document())
}
