//! One trip while it is planned, with what makes it quick to judge one more stop in it.

use super::DIMENSIONS;
use super::model::{Model, Vehicle};

/// Nodes from the start to the end, and for each what the search asks about it.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// The start, the stops, the end.
    pub nodes: Vec<usize>,
    /// When one is ready to leave a node, at the earliest.
    ready: Vec<i64>,
    /// When one must be at a node for the rest to be in time.
    latest: Vec<i64>,
    /// Floors climbed up to and with a node.
    floors: Vec<i64>,
    /// The weight still carried when one leaves a node.
    carried: Vec<i64>,
    pub load: [i64; DIMENSIONS],
    pub distance: i64,
    pub effort: i64,
    /// What the ways and the trip itself cost.
    pub cost: i64,
}

/// Where a stop would go.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Behind which position of the nodes.
    pub behind: usize,
    /// By how much the plan gets dearer.
    pub cost: i64,
}

impl Route {
    pub fn new(model: &Model, vehicle: &Vehicle) -> Self {
        let mut route = Self { nodes: vec![vehicle.start, vehicle.end], ..Self::default() };
        route.measure(model, vehicle);
        route
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.len() <= 2
    }

    pub fn stops(&self) -> &[usize] {
        &self.nodes[1..self.nodes.len() - 1]
    }

    pub fn copy_from(&mut self, other: &Self) {
        self.nodes.clone_from(&other.nodes);
        self.ready.clone_from(&other.ready);
        self.latest.clone_from(&other.latest);
        self.floors.clone_from(&other.floors);
        self.carried.clone_from(&other.carried);
        (self.load, self.distance) = (other.load, other.distance);
        (self.effort, self.cost) = (other.effort, other.cost);
    }

    /// Counts everything anew after the nodes changed.
    pub fn measure(&mut self, model: &Model, vehicle: &Vehicle) {
        let last = self.nodes.len() - 1;
        self.ready.resize(last + 1, 0);
        self.latest.resize(last + 1, 0);
        self.load = [0; DIMENSIONS];
        (self.distance, self.cost, self.effort) = (0, 0, 0);
        if last > 1 {
            self.cost = vehicle.fixed_cost;
        }
        self.ready[0] = vehicle.opens;
        for at in 1..=last {
            let leg = model.leg(self.nodes[at - 1], self.nodes[at]);
            let arrival = self.ready[at - 1] + i64::from(leg.seconds);
            // Nobody goes anywhere in a trip without stops.
            if last > 1 {
                self.distance += i64::from(leg.distance);
                self.cost += leg.cost;
            }
            if at == last {
                self.ready[at] = arrival;
            } else {
                let node = &model.node[self.nodes[at]];
                self.ready[at] = arrival.max(node.opens) + node.service;
                self.load.iter_mut().zip(node.load).for_each(|(sum, more)| *sum += more);
            }
        }
        self.latest[last] = vehicle.closes;
        for at in (1..last).rev() {
            let leg = model.leg(self.nodes[at], self.nodes[at + 1]);
            let node = &model.node[self.nodes[at]];
            let latest = self.latest[at + 1] - i64::from(leg.seconds) - node.service;
            self.latest[at] = latest.min(node.closes);
        }
        if model.climbs {
            self.measure_climbing(model);
        }
    }

    fn measure_climbing(&mut self, model: &Model) {
        let last = self.nodes.len() - 1;
        self.floors.resize(last + 1, 0);
        self.carried.resize(last + 1, 0);
        let mut carried: i64 = self.stops().iter().map(|stop| model.node[*stop].weight).sum();
        let mut floors = 0;
        self.floors[0] = 0;
        self.carried[0] = carried;
        for at in 1..last {
            let node = &model.node[self.nodes[at]];
            self.effort += node.effort + node.floors * carried;
            carried -= node.weight;
            floors += node.floors;
            self.floors[at] = floors;
            self.carried[at] = carried;
        }
    }

    /// By how much the climbing grows when a stop goes behind a position.
    #[inline]
    pub fn more_effort(&self, model: &Model, stop: usize, behind: usize) -> i64 {
        let node = &model.node[stop];
        let own = node.effort + node.floors * (node.weight + self.carried[behind]);
        own + node.weight * self.floors[behind]
    }

    /// Whether the trip can hold the stop, wherever it goes.
    #[inline]
    pub fn has_room(&self, model: &Model, vehicle: &Vehicle, stop: usize) -> bool {
        let load = &model.node[stop].load;
        (0..DIMENSIONS).all(|at| self.load[at] + load[at] <= vehicle.load[at])
            && self.nodes.len() - 2 < vehicle.stops
    }

    /// The cheapest position for a stop that is cheaper than `limit`, by the ways alone and by what
    /// `extra` adds for a position; `skip` says for each position whether it is passed over.
    #[inline]
    pub fn cheapest(
        &self,
        model: &Model,
        vehicle: &Vehicle,
        stop: usize,
        limit: i64,
        mut skip: impl FnMut() -> bool,
        extra: impl Fn(usize) -> Option<i64>,
    ) -> Option<Place> {
        let node = &model.node[stop];
        let onward = model.legs_from(stop);
        let fixed = if self.is_empty() { vehicle.fixed_cost } else { 0 };
        let mut best = None;
        let mut bound = limit;
        for behind in 0..self.nodes.len() - 1 {
            if self.ready[behind] > node.closes {
                break;
            }
            if skip() {
                continue;
            }
            let (here, next) = (self.nodes[behind], self.nodes[behind + 1]);
            let legs = model.legs_from(here);
            let (there, direct, further) = (legs[stop], legs[next], onward[next]);
            let direct = if self.is_empty() { super::model::Leg::default() } else { direct };
            let cost = there.cost + further.cost - direct.cost + fixed;
            if cost >= bound {
                continue;
            }
            let arrival = self.ready[behind] + i64::from(there.seconds);
            if arrival > node.closes {
                continue;
            }
            let leaves = arrival.max(node.opens) + node.service;
            if leaves + i64::from(further.seconds) > self.latest[behind + 1] {
                continue;
            }
            let longer = i64::from(there.distance) + i64::from(further.distance);
            if self.distance + longer - i64::from(direct.distance) > vehicle.distance {
                continue;
            }
            let Some(extra) = extra(behind) else { continue };
            if cost + extra < bound {
                bound = cost + extra;
                best = Some(Place { behind, cost: bound });
            }
        }
        best
    }
}
