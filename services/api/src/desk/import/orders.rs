//! A list of orders: rows with the same number, or of the same household and channel, are lines of
//! one order. The same list read again meets the same orders.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Request as HttpRequest, State};
use domain::address::Door;
use domain::ids::{ActorId, CommandId, CommunityId, HouseholdId, OrderId};
use domain::order::event::{Channel, OrderLine, OrderPlaced};
use domain::order::{Order, OrderCommand, OrderState};
use domain::supply::Category;
use jiff::civil::Date;
use runtime::Problem;
use runtime::scan::Destination;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CARRIED_OUT_MAX, PREVIEW_ROWS_MAX, Place, RowOutcome, text, words};
use crate::App;
use crate::actor::authorize;
use crate::body;
use crate::commands::path_part;
use crate::desk::search::FoundHousehold;
use crate::export::name;
use crate::problem::{ProblemBody, ProblemResponse};
use crate::resources::today;

/// One row, as it was written. An empty cell says nothing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OrderRow {
    /// Its line in the list.
    line: u32,
    #[serde(flatten)]
    place: Place,
    /// The list's own number of the order.
    number: Option<String>,
    /// The way on which it came; without it, as the whole list says, or by telephone.
    channel: Option<String>,
    /// The recipient's name; it helps to find the household and is not kept.
    name: Option<String>,
    /// The recipient's phone, whole, masked, or its end.
    phone: Option<String>,
    /// What was asked for.
    item: Option<String>,
    /// How many; without it, one.
    quantity: Option<String>,
    /// How it is delivered; without it, as parcel goods.
    category: Option<String>,
    /// In how many pieces the order comes; without it, one.
    pieces: Option<String>,
    /// Whether the order is needed at once; one row that says so is enough.
    urgent: Option<String>,
    /// The household that a person chose, where the row could mean several.
    household: Option<HouseholdId>,
}

/// A list of orders.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderListBody {
    /// Who asks.
    actor: ActorId,
    /// The rows, at most 5,000.
    rows: Vec<OrderRow>,
}

/// Orders to place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderImportBody {
    /// Who placed them.
    actor: ActorId,
    /// The orders, at most 200.
    orders: Vec<OrderImport>,
}

/// An order to place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderImport {
    /// The order's command, made and kept by whoever sends it; the same on every retry.
    command_id: CommandId,
    /// The order of the preview.
    order: OrderId,
    /// Its rows.
    rows: Vec<OrderRow>,
}

/// What an order of a list is, or became.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListedOrderBody {
    /// The lines that it stands in.
    lines: Vec<u32>,
    outcome: RowOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    household: Option<HouseholdId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    door: Option<Door>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<Channel>,
    items: Vec<OrderLine>,
    pieces: u16,
    urgent: bool,
    /// What it was placed with, where that differs.
    placed: Vec<OrderLine>,
    /// Why a person must look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
    /// The households that it may be for.
    candidates: Vec<FoundHousehold>,
}

/// What the orders of a list are, or became.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListedOrdersBody {
    orders: Vec<ListedOrderBody>,
}

/// Says what each order of a list is; writes nothing.
pub(crate) async fn preview(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Json<ListedOrdersBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let OrderListBody { actor, rows } = body::json(&body::bytes(request).await?)?;
    super::check_rows(rows.len(), PREVIEW_ROWS_MAX)?;
    authorize(&actor, &community)?;
    let import = Import { app: &app, community: &community, today: today(&app, &community)? };
    let (groups, mut orders) = import.grouped(&rows);
    for (order, group) in groups {
        orders.push(import.look(order, group).await?);
    }
    orders.sort_by_key(|order| order.lines.first().copied());
    Ok(Json(ListedOrdersBody { orders }))
}

/// Places orders; each gets its own answer.
pub(crate) async fn carry_out(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Json<ListedOrdersBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let OrderImportBody { actor, orders } = body::json(&body::bytes(request).await?)?;
    super::check_rows(orders.len(), CARRIED_OUT_MAX)?;
    super::check_rows(orders.iter().map(|order| order.rows.len()).sum(), PREVIEW_ROWS_MAX)?;
    authorize(&actor, &community)?;
    let import = Import { app: &app, community: &community, today: today(&app, &community)? };
    let mut placed = vec![];
    for order in orders {
        placed.push(import.place(&actor, order).await);
    }
    Ok(Json(ListedOrdersBody { orders: placed }))
}

struct Import<'a> {
    app: &'a App,
    community: &'a CommunityId,
    today: Date,
}

/// The rows of one order, read.
struct Group {
    lines: Vec<u32>,
    household: HouseholdId,
    door: Option<Door>,
    channel: Channel,
    items: Vec<OrderLine>,
    pieces: u16,
    urgent: bool,
}

/// The door behind which nobody, or more than one household, may be meant.
type Unsure = (Door, Vec<FoundHousehold>);

/// One row, read.
struct Told {
    household: HouseholdId,
    door: Option<Door>,
    channel: Channel,
    number: Option<String>,
    item: OrderLine,
    pieces: Option<u16>,
    urgent: bool,
}

impl Import<'_> {
    /// The orders of a list, and what of it no order can be made of.
    fn grouped(&self, rows: &[OrderRow]) -> (BTreeMap<OrderId, Group>, Vec<ListedOrderBody>) {
        let (mut groups, mut others) = (BTreeMap::new(), vec![]);
        for row in rows {
            match self.read(row) {
                Err(not) => others.push(*not),
                Ok(told) => others.extend(self.join(&mut groups, row.line, told)),
            }
        }
        (groups, others)
    }

    /// Adds a row to its order; gives it back where that is an order of somebody else.
    fn join(
        &self,
        groups: &mut BTreeMap<OrderId, Group>,
        line: u32,
        told: Told,
    ) -> Option<ListedOrderBody> {
        let Told { household, door, channel, number, item, pieces, urgent } = told;
        let key = match &number {
            Some(number) => format!("number {number}"),
            None => format!("day {} household {household}", self.today),
        };
        let order = OrderId::derive(self.community, &name(channel), &key);
        let group = groups.entry(order).or_insert_with(|| {
            let (lines, items) = (vec![], vec![]);
            Group { lines, household, door: door.clone(), channel, items, pieces: 1, urgent: false }
        });
        if group.household != household {
            let not = not(number_of_another(number.as_deref(), group.lines.first().copied()));
            return Some(ListedOrderBody {
                lines: vec![line],
                outcome: RowOutcome::Conflict,
                household: Some(household),
                door,
                ..not
            });
        }
        group.lines.push(line);
        group.items.push(item);
        group.pieces = group.pieces.max(pieces.unwrap_or(1));
        group.urgent |= urgent;
        None
    }

    async fn look(&self, order: OrderId, group: Group) -> Result<ListedOrderBody, Problem> {
        let (state, _) = self.app.engine.peek::<Order>(self.community, &order).await?;
        Ok(compared(order, group, &state))
    }

    async fn place(&self, actor: &ActorId, order: OrderImport) -> ListedOrderBody {
        let lines: Vec<_> = order.rows.iter().map(|row| row.line).collect();
        let (groups, others) = self.grouped(&order.rows);
        let mut groups = groups.into_iter();
        let found = groups.next().filter(|(id, _)| *id == order.order && groups.next().is_none());
        if let Some(other) = others.into_iter().next() {
            return other;
        }
        let Some((id, group)) = found else {
            return ListedOrderBody { lines, ..not(changed_since()) };
        };
        let content = (id, &order.rows);
        let community = self.community;
        let request =
            super::request(self.app, community, actor, order.command_id, "place", &content);
        let fact = OrderPlaced {
            channel: group.channel,
            household: group.household,
            placed_by: actor.clone(),
            lines: group.items.clone(),
            pieces: group.pieces,
            urgent: group.urgent,
        };
        let command = move |_: &OrderState| Ok(OrderCommand::Place(fact.clone()));
        let done = self.app.engine.command::<Order>(&request, &id, None, command).await;
        let mut body = described(id, group);
        match done {
            Ok(done) if done.already_so => body.outcome = RowOutcome::Same,
            Ok(_) => body.outcome = RowOutcome::Done,
            Err(problem) => {
                body.outcome = RowOutcome::Conflict;
                body.problem = Some(problem.into());
            }
        }
        body
    }

    fn read(&self, row: &OrderRow) -> Result<Told, Box<ListedOrderBody>> {
        let lines = vec![row.line];
        let told = self.told(row).map_err(|problem| {
            Box::new(ListedOrderBody { lines: lines.clone(), ..not(problem) })
        })?;
        match told {
            Ok(told) => Ok(told),
            Err((door, candidates)) => {
                let problem = if candidates.is_empty() { nobody(&door) } else { several() };
                let (outcome, door) = (RowOutcome::Conflict, Some(door));
                let not = not(problem);
                Err(Box::new(ListedOrderBody { lines, outcome, door, candidates, ..not }))
            }
        }
    }

    /// What a row says; or the door behind which nobody, or more than one household, may be meant.
    fn told(&self, row: &OrderRow) -> Result<Result<Told, Unsure>, Problem> {
        let OrderRow {
            number, channel, name, phone, item, quantity, category, pieces, urgent, ..
        } = row;
        let cells = [number, channel, name, phone, item, quantity, category, pieces, urgent];
        super::check_cells(cells.into_iter())?;
        let channel = text(channel.as_ref()).map(words::channel).transpose()?;
        let category = text(category.as_ref()).map(words::category).transpose()?;
        let quantity = text(quantity.as_ref()).map(words::number).transpose()?;
        let pieces = text(pieces.as_ref()).map(words::number).transpose()?;
        let urgent = text(urgent.as_ref()).map(words::urgent).transpose()?;
        let item = text(item.as_ref()).ok_or_else(no_item)?.to_owned();
        let (household, door) = match row.household {
            Some(household) => (household, None),
            None => match self.household(row)? {
                Ok((household, door)) => (household, Some(door)),
                Err(unsure) => return Ok(Err(unsure)),
            },
        };
        Ok(Ok(Told {
            household,
            door,
            channel: channel.unwrap_or(Channel::Phone),
            number: text(number.as_ref()).map(str::to_owned),
            item: OrderLine {
                item,
                category: category.unwrap_or(Category::ParcelGoods),
                quantity: quantity.unwrap_or(1),
            },
            pieces: pieces.map(|pieces| u16::try_from(pieces).unwrap_or(u16::MAX)),
            urgent: urgent.unwrap_or(false),
        }))
    }

    fn household(&self, row: &OrderRow) -> Result<Result<(HouseholdId, Door), Unsure>, Problem> {
        let door = super::door(self.app, self.community, &row.place)?;
        let phone = text(row.phone.as_ref()).map(words::phone).transpose()?;
        let destination = Destination {
            door: Some(door.clone()),
            phone_tail: phone.map(|(_, tail)| tail),
            name: text(row.name.as_ref()).map(str::to_owned),
            ..Destination::default()
        };
        let addressed = self.app.engine.resolve(self.community, &destination, None)?;
        if let Some(household) = addressed.recipient.and_then(|recipient| recipient.household) {
            return Ok(Ok((household, door)));
        }
        let behind = self.app.engine.with_place(self.community, |place| {
            let ids = place.layout().behind(&door).map(|household| household.id);
            ids.filter_map(|id| Some(FoundHousehold::of(id, place.household(id)?))).collect()
        })?;
        Ok(Err((door, behind)))
    }
}

fn compared(order: OrderId, group: Group, state: &OrderState) -> ListedOrderBody {
    let mut body = described(order, group);
    let Some(placed) = &state.placed else { return body };
    let same = placed.lines == body.items
        && Some(placed.household) == body.household
        && Some(placed.channel) == body.channel
        && state.pieces == body.pieces
        && placed.urgent == body.urgent;
    if same {
        body.outcome = RowOutcome::Same;
        return body;
    }
    body.outcome = RowOutcome::Conflict;
    body.placed.clone_from(&placed.lines);
    body.problem = Some(placed_otherwise().into());
    body
}

fn described(order: OrderId, group: Group) -> ListedOrderBody {
    let Group { lines, household, door, channel, items, pieces, urgent } = group;
    ListedOrderBody {
        lines,
        outcome: RowOutcome::New,
        order: Some(order),
        household: Some(household),
        door,
        channel: Some(channel),
        items,
        pieces,
        urgent,
        placed: vec![],
        problem: None,
        candidates: vec![],
    }
}

fn not(problem: Problem) -> ListedOrderBody {
    ListedOrderBody {
        lines: vec![],
        outcome: RowOutcome::Unreadable,
        order: None,
        household: None,
        door: None,
        channel: None,
        items: vec![],
        pieces: 0,
        urgent: false,
        placed: vec![],
        problem: Some(problem.into()),
        candidates: vec![],
    }
}

fn no_item() -> Problem {
    Problem::invalid(
        "import-no-item",
        "this row names nothing that was asked for: fill in the item",
        "此行没有品名：请填写",
    )
}

fn nobody(door: &Door) -> Problem {
    Problem::not_found(
        "import-nobody-behind",
        format!("nobody is registered behind {door}: register the household first"),
        format!("{door} 没有登记住户：请先登记"),
    )
}

fn number_of_another(number: Option<&str>, line: Option<u32>) -> Problem {
    let (number, line) = (number.unwrap_or_default(), line.unwrap_or_default());
    Problem::invalid(
        "import-number-of-another",
        format!(
            "the order {number} of line {line} is for another household: one number is one order, \
             so give this row its own, or leave out a column that numbers the whole list"
        ),
        format!(
            "第 {line} 行的订单 {number} 属于另一户：一个编号即一张订单，请为此行另编号；若编号是整个团购的，请不导入该列"
        ),
    )
}

fn several() -> Problem {
    Problem::invalid(
        "import-several-behind",
        "several households live behind this door: choose one, or add the phone's last digits",
        "此门内有多户：请选择其中一户，或补上手机尾号",
    )
}

fn placed_otherwise() -> Problem {
    Problem::invalid(
        "import-order-placed-otherwise",
        "this order was placed before with other contents: give it a new number, or leave it out",
        "此订单已按其他内容下单：请换一个编号，或不导入",
    )
}

fn changed_since() -> Problem {
    Problem::invalid(
        "import-order-changed",
        "these rows are not the order that was looked at: look at the list again",
        "这些行与预览的订单不符：请重新预览",
    )
}
