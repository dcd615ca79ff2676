//! `/graphql`: what dashboards ask, command and follow.
//!
//! One file per slice; `shape.rs` and `reflect.rs` give the types of the REST contract a GraphQL
//! dress, so that no type and no command is described twice. **It decides nothing**: a mutation is
//! the command that REST takes, and a field is what a view or an aggregate says.

mod commands;
mod community;
mod events;
mod explorer;
mod fault;
mod household;
mod http;
mod limits;
mod live;
mod load;
mod node;
mod order;
mod page;
mod parcel;
mod query;
mod reflect;
mod run;
mod shape;
mod socket;
mod stopping;
mod stream;
mod views;
mod volunteer;
mod webhooks;

use std::time::Duration;

use async_graphql::dataloader::DataLoader;
use async_graphql::{MergedObject, SDLExportOptions, SchemaBuilder};

use self::commands::Commands;
pub(crate) use self::events::told;
pub(crate) use self::http::routes;
use self::limits::{COMPLEXITY_MAX, DEPTH_MAX, DIRECTIVES_MAX};
use self::live::Live;
use self::load::Aggregates;
use self::query::Query;
pub use self::stopping::Stopping;
use self::webhooks::WebhookCommands;
use crate::App;

/// How `/graphql` is served.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether the explorer page is served to browsers.
    pub explorer: bool,
    /// Lets those who follow go when the engine stops.
    pub stopping: Stopping,
}

/// Every command, the scans, and the webhooks. A command id that is sent again with the same
/// content changes nothing and is answered as it was the first time.
#[derive(MergedObject)]
struct Mutation(Commands, WebhookCommands);

/// The schema, ready to run.
type Schema = async_graphql::Schema<Query, Mutation, Live>;

fn builder() -> SchemaBuilder<Query, Mutation, Live> {
    Schema::build(Query, Mutation(Commands, WebhookCommands), Live)
        .limit_depth(DEPTH_MAX)
        .limit_complexity(COMPLEXITY_MAX)
        .limit_directives(DIRECTIVES_MAX)
        .disable_suggestions()
}

/// The schema of an engine.
fn schema(app: App) -> Schema {
    let loader = DataLoader::new(Aggregates(app.clone()), tokio::spawn).delay(Duration::ZERO);
    builder().data(loader).data(app).finish()
}

/// The contract: `schema/graphql/schema.graphql`, sorted.
pub fn document() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .prefer_single_line_descriptions()
        .use_space_ident()
        .include_specified_by();
    let mut text = builder().finish().sdl_with_options(options);
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}
