//! The routes of planning.

use axum::routing::{MethodRouter, get, post};

use super::{Method, RequestBody, ResponseBody, Route, SchemaOf, schema};
use crate::App;
use crate::plan::{
    self, CartBody, CloseBody, ClosedDayBody, DrawingQuery, EveningBody, PlanBody, PlanQuery,
    PreviewBody, PreviewQuery, ProposeBody, ProposedBody, RunWhyBody, StandingBody,
};

type HandlerOf = fn() -> MethodRouter<App>;

const SVG: ResponseBody = ResponseBody::Other("image/svg+xml");

pub(super) fn routes() -> Vec<Route> {
    let read = |path, summary, query: Option<SchemaOf>, response, handler: HandlerOf| Route {
        path,
        method: Method::Get,
        summary,
        query,
        request: RequestBody::None,
        response,
        handler,
    };
    let json = |schema: SchemaOf| ResponseBody::Json(schema);
    let mut routes = vec![
        read(
            "/api/v1/communities/{community}/plan",
            "The plan of a day: its runs and why, and what is not planned and why.",
            Some(schema::<PlanQuery>),
            json(schema::<PlanBody>),
            || get(plan::plan),
        ),
        read(
            "/api/v1/communities/{community}/plan/preview",
            "What would be planned now; nothing is written.",
            Some(schema::<PreviewQuery>),
            json(schema::<PreviewBody>),
            || get(plan::preview),
        ),
        read(
            "/api/v1/communities/{community}/plan/parcels/{id}",
            "Why a piece is planned as it is, or why it is not.",
            None,
            json(schema::<StandingBody>),
            || get(plan::piece),
        ),
        read(
            "/api/v1/communities/{community}/plan/runs/{id}",
            "Why a run is whose it is, who was asked before, and what changed.",
            None,
            json(schema::<RunWhyBody>),
            || get(plan::run),
        ),
        read(
            "/api/v1/communities/{community}/plan/drawing.svg",
            "The compound with the ways of every live run.",
            Some(schema::<DrawingQuery>),
            SVG,
            || get(plan::drawing),
        ),
        read(
            "/api/v1/communities/{community}/runs/{id}/drawing.svg",
            "The compound with the way of one run.",
            Some(schema::<DrawingQuery>),
            SVG,
            || get(plan::run_drawing),
        ),
        read(
            "/api/v1/communities/{community}/runs/{id}/cart",
            "Whether a cart is complete, and how its pieces were counted on the way.",
            None,
            json(schema::<CartBody>),
            || get(plan::cart),
        ),
        read(
            "/api/v1/communities/{community}/plan/evening",
            "What would be left if the day were closed now, why, and what becomes of it.",
            None,
            json(schema::<EveningBody>),
            || get(plan::evening),
        ),
    ];
    routes.extend(commands());
    routes
}

fn commands() -> Vec<Route> {
    let write = |path, summary, request: SchemaOf, response: SchemaOf, handler: HandlerOf| Route {
        path,
        method: Method::Post,
        summary,
        query: None,
        request: RequestBody::Json(request),
        response: ResponseBody::Json(response),
        handler,
    };
    vec![
        write(
            "/api/v1/communities/{community}/plan/proposals",
            "Plan what may go: its runs are planned and offered.",
            schema::<ProposeBody>,
            schema::<ProposedBody>,
            || post(plan::propose),
        ),
        write(
            "/api/v1/communities/{community}/plan/close",
            "Close the day: whatever stays has a reason and an owner, and food does not stay.",
            schema::<CloseBody>,
            schema::<ClosedDayBody>,
            || post(plan::close),
        ),
    ]
}
