//! The contract of the API, built from the routes: `schema/http/openapi.json`.
//!
//! Its schemas come from the same derive that publishes the events' schemas, so that a type is
//! described once.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::problem::ProblemBody;
use crate::routes::{Method, RequestBody, ResponseBody, Route, routes};

/// The contract as OpenAPI 3.1, pretty-printed.
pub fn document() -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes() {
        let operation = operation(&route, &mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Value::Object(path) = path {
            let method = match route.method {
                Method::Get => "get",
                Method::Post => "post",
                Method::Delete => "delete",
            };
            path.insert(method.into(), operation);
        }
    }
    let schemas = generator.take_definitions(true);
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lastmeter",
            "version": "1",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            "description": "An event-sourced logistics engine for closed-loop supply delivery. \
                Errors are RFC 9457 problems with a stable `type`; `title` says in Chinese and \
                `detail` in English what to do.",
        },
        "paths": paths,
        "components": { "schemas": schemas },
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let problem = json!({
        "description": "A problem: its `code` is stable, `title` and `detail` say what to do.",
        "content": {
            "application/problem+json": { "schema": generator.subschema_for::<ProblemBody>() },
        },
    });
    let mut operation = json!({
        "summary": route.summary,
        "operationId": operation_id(route),
        "parameters": parameters(route, generator),
        "responses": {
            "200": {
                "description": "Done.",
                "content": response(route, generator),
            },
            "default": problem,
        },
    });
    let content = match route.request {
        RequestBody::None => return operation,
        RequestBody::Json(schema) => {
            json!({ "application/json": { "schema": schema(generator) } })
        }
        RequestBody::Jpeg => {
            json!({ "image/jpeg": { "schema": { "type": "string", "format": "binary" } } })
        }
        RequestBody::Toml => json!({ "application/toml": { "schema": { "type": "string" } } }),
    };
    operation["requestBody"] = json!({ "required": true, "content": content });
    operation
}

fn response(route: &Route, generator: &mut SchemaGenerator) -> Value {
    match route.response {
        ResponseBody::Json(schema) => {
            json!({ "application/json": { "schema": schema(generator) } })
        }
        ResponseBody::Other(media_type) => {
            json!({ media_type: { "schema": { "type": "string" } } })
        }
    }
}

/// `post /api/v1/communities/{community}/runs/{id}/commands` is `post_communities_runs_commands`.
fn operation_id(route: &Route) -> String {
    let words = route.path.split('/').filter(|part| !part.is_empty() && !part.starts_with('{'));
    let words = words.filter(|part| *part != "api" && *part != "v1");
    let method = match route.method {
        Method::Get if route.path.ends_with('}') => "get",
        Method::Get => "list",
        Method::Post => "post",
        Method::Delete => "delete",
    };
    let mut id = method.to_owned();
    for word in words {
        id.push('_');
        id.push_str(&word.replace(['-', '.'], "_"));
    }
    id
}

fn parameters(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let in_path =
        route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
        })
        .collect();
    if let Some(schema) = route.query {
        parameters.extend(query_parameters(&schema(generator), generator));
    }
    Value::Array(parameters)
}

/// A query's fields as parameters.
fn query_parameters(schema: &schemars::Schema, generator: &SchemaGenerator) -> Vec<Value> {
    let reference = schema.get("$ref").and_then(Value::as_str).unwrap_or_default();
    let name = reference.rsplit('/').next().unwrap_or_default();
    let definition = generator.definitions().get(name).cloned().unwrap_or_default();
    let required: Vec<_> =
        definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = definition["properties"].as_object().cloned().unwrap_or_default();
    let parameter = |(name, schema): (&String, &Value)| {
        json!({
            "name": name, "in": "query", "required": required.contains(&name.as_str()),
            "schema": schema,
        })
    };
    properties.iter().map(parameter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_has_its_own_name_and_every_reference_leads_somewhere() {
        let document: Value = serde_json::from_str(&document()).unwrap();
        let ids: Vec<String> = routes().iter().map(operation_id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
        let text = document.to_string();
        let references = text.split("#/components/schemas/").skip(1);
        for reference in references {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
