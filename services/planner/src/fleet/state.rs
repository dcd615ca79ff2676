//! A plan while it is searched: the routes, what is absent, what it costs, and the way back.

use super::Run;
use super::model::Model;
use super::route::Route;

/// Stands for "in no trip".
pub const ABSENT: usize = usize::MAX;

pub struct State<'a> {
    pub model: &'a Model<'a>,
    pub routes: Vec<Route>,
    /// In which trip each stop is.
    pub trip_of: Vec<usize>,
    pub absent: Vec<usize>,
    /// The climbing of each person in this plan, and what it costs.
    effort: Vec<i64>,
    effort_cost: Vec<i64>,
    /// What all of it costs.
    pub cost: i64,
    undo: Undo,
}

/// What the plan was before the step that is being tried.
#[derive(Default)]
struct Undo {
    routes: Vec<(usize, Route)>,
    spare: Vec<Route>,
    is_saved: Vec<bool>,
    absent: Vec<usize>,
    cost: i64,
}

impl<'a> State<'a> {
    pub fn new(model: &'a Model<'a>) -> Self {
        let routes = model.vehicles.iter().map(|vehicle| Route::new(model, vehicle)).collect();
        let absent: Vec<usize> = (0..model.stops).collect();
        let skipped: i64 = model.node.iter().map(|node| node.skip_cost).sum();
        let people = &model.problem.people;
        let effort_cost: Vec<i64> =
            (0..people.len()).map(|who| model.problem.effort_cost(who, 0)).collect();
        Self {
            model,
            routes,
            trip_of: vec![ABSENT; model.stops],
            absent,
            effort: vec![0; people.len()],
            cost: skipped + effort_cost.iter().sum::<i64>(),
            effort_cost,
            undo: Undo { is_saved: vec![false; model.vehicles.len()], ..Undo::default() },
        }
    }

    /// Takes a run over as it is, if it keeps the limits; its stops stay absent otherwise.
    pub fn adopt(&mut self, run: &Run) {
        if run.trip >= self.routes.len() || !self.routes[run.trip].is_empty() {
            return;
        }
        for stop in &run.stops {
            if *stop < self.model.stops && self.trip_of[*stop] == ABSENT {
                self.append(*stop, run.trip);
            }
        }
        let trip_of = &self.trip_of;
        self.absent.retain(|stop| trip_of[*stop] == ABSENT);
    }

    /// Puts a stop behind the last one of a trip, if it may be there.
    fn append(&mut self, stop: usize, trip: usize) {
        let (model, route) = (self.model, &self.routes[trip]);
        let vehicle = &model.vehicles[trip];
        let last = route.stops().len();
        let more = if model.climbs { route.more_effort(model, stop, last) } else { 0 };
        let fits = model.is_allowed(stop, trip)
            && route.has_room(model, vehicle, stop)
            && self.can_climb(vehicle.person, more);
        let extra = |behind: usize| (behind == last).then_some(0);
        let place = route.cheapest(model, vehicle, stop, i64::MAX, || false, extra);
        if let Some(place) = place.filter(|_| fits) {
            self.insert(stop, trip, place.behind);
        }
    }

    /// Begins a step that can be taken back.
    pub fn begin(&mut self) {
        for (trip, route) in self.undo.routes.drain(..) {
            self.undo.is_saved[trip] = false;
            self.undo.spare.push(route);
        }
        self.undo.absent.clone_from(&self.absent);
        self.undo.cost = self.cost;
    }

    /// Takes the step back.
    pub fn take_back(&mut self) {
        while let Some((trip, mut route)) = self.undo.routes.pop() {
            self.undo.is_saved[trip] = false;
            self.effort[self.model.vehicles[trip].person] +=
                route.effort - self.routes[trip].effort;
            std::mem::swap(&mut self.routes[trip], &mut route);
            self.undo.spare.push(route);
            for stop in self.routes[trip].stops() {
                self.trip_of[*stop] = trip;
            }
        }
        self.absent.clone_from(&self.undo.absent);
        for stop in &self.absent {
            self.trip_of[*stop] = ABSENT;
        }
        self.cost = self.undo.cost;
    }

    fn save(&mut self, trip: usize) {
        if !self.undo.is_saved[trip] {
            self.undo.is_saved[trip] = true;
            let mut copy = self.undo.spare.pop().unwrap_or_default();
            copy.copy_from(&self.routes[trip]);
            self.undo.routes.push((trip, copy));
        }
    }

    /// Takes stops out of a trip: those at these positions of its stops.
    pub fn remove(&mut self, trip: usize, is_out: impl Fn(usize) -> bool) {
        self.save(trip);
        let last = self.routes[trip].nodes.len() - 1;
        let mut nodes = std::mem::take(&mut self.routes[trip].nodes);
        let mut at = 0;
        nodes.retain(|node| {
            let out = at > 0 && at < last && is_out(at - 1);
            at += 1;
            if out {
                self.trip_of[*node] = ABSENT;
                self.absent.push(*node);
                self.cost += self.model.node[*node].skip_cost;
            }
            !out
        });
        self.routes[trip].nodes = nodes;
        self.measure(trip);
    }

    /// Puts an absent stop into a trip; the caller takes it off the list of absent ones.
    pub fn insert(&mut self, stop: usize, trip: usize, behind: usize) {
        self.save(trip);
        self.routes[trip].nodes.insert(behind + 1, stop);
        self.trip_of[stop] = trip;
        self.cost -= self.model.node[stop].skip_cost;
        self.measure(trip);
    }

    fn measure(&mut self, trip: usize) {
        let vehicle = &self.model.vehicles[trip];
        let route = &mut self.routes[trip];
        let (cost, effort) = (route.cost, route.effort);
        route.measure(self.model, vehicle);
        self.cost += route.cost - cost;
        let more = route.effort - effort;
        self.climb(vehicle.person, more);
    }

    /// Adds to somebody's climbing.
    fn climb(&mut self, person: usize, more: i64) {
        if more != 0 {
            self.effort[person] += more;
            let cost = self.model.problem.effort_cost(person, self.effort[person]);
            self.cost += cost - self.effort_cost[person];
            self.effort_cost[person] = cost;
        }
    }

    /// What more climbing of one person costs.
    pub fn more_effort_cost(&self, person: usize, more: i64) -> i64 {
        let then = self.model.problem.effort_cost(person, self.effort[person] + more);
        then - self.effort_cost[person]
    }

    /// Whether one person said he can climb so much more.
    pub fn can_climb(&self, person: usize, more: i64) -> bool {
        let most = self.model.problem.people[person].effort_max;
        u64::try_from(self.effort[person] + more).is_ok_and(|effort| effort <= most)
    }

    /// The stops of each trip.
    pub fn runs(&self) -> Vec<Vec<usize>> {
        self.routes.iter().map(|route| route.stops().to_vec()).collect()
    }

    /// The stops of each trip before the step that was tried last.
    pub fn runs_before(&self, runs: &mut [Vec<usize>]) {
        for (run, route) in runs.iter_mut().zip(&self.routes) {
            run.clear();
            run.extend_from_slice(route.stops());
        }
        for (trip, route) in &self.undo.routes {
            runs[*trip].clear();
            runs[*trip].extend_from_slice(route.stops());
        }
    }
}
