//! A search allocates no memory once its scratch space has the size it needs. A counting allocator checks this; it needs a
//! test binary of its own.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]
#![allow(unsafe_code, reason = "an allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use walkshed_engine::{
    Deciseconds, Direction, Hits, NearestQuery, Network, PointLayer, Profile, Scratch, Search, Start,
};
use walkshed_testing::{Random, grid, random_network, random_point};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The allocator of the system, with a counter for each thread.
struct Counting;

fn count() {
    // The counter is gone while a thread ends.
    let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
}

// SAFETY: every call is passed to the allocator of the system unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the number of allocations of this thread while `work` runs.
fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// Returns starts on open streets. A start in a restricted zone needs a list of seeds, which is allocated.
fn open_starts(network: &Network, profile: Profile, count: usize) -> Vec<Start> {
    let mut r = Random(1);
    std::iter::repeat_with(|| random_point(network, &mut r))
        .filter_map(|point| network.snap(point, profile).ok())
        .filter(|snap| !network.edge(snap.edge).is_restricted())
        .map(|snap| Start::new(network, snap, profile))
        .take(count)
        .collect()
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn a_warm_search_allocates_nothing() {
    let limit = Deciseconds::from_minutes(15.0);
    for network in [grid(30, 100.0), random_network(4, 300)] {
        for profile in [Profile::Adult, Profile::Wheelchair, Profile::Bicycle] {
            let starts = open_starts(&network, profile, 40);
            let mut r = Random(2);
            let layer = PointLayer::new((0..200).map(|_| random_point(&network, &mut r)).collect());
            for direction in Direction::ALL {
                let (mut search, mut hits) = (Search::new(), Hits::default());
                let (mut vertices, mut points) = (0, 0);
                let mut run_all = || {
                    for start in &starts {
                        search.run_from(&network, profile, direction, start, limit);
                        layer.collect(&network, start, &search, &mut hits);
                        vertices += search.reached().len();
                        points += hits.points().len();
                    }
                };
                // The first runs size the scratch space and compute the tables of the layer.
                run_all();
                assert_eq!(allocations(run_all), 0, "{profile} {direction:?}");
                assert!(vertices > 1000 && points > 100, "only {vertices} vertices and {points} points were reached");
            }
        }
    }
}

#[test]
fn a_warm_search_for_the_nearest_points_allocates_its_page_only() {
    let limit = Deciseconds::from_minutes(30.0);
    let network = random_network(4, 300);
    let profile = Profile::Adult;
    let starts = open_starts(&network, profile, 40);
    let mut r = Random(2);
    let layer = PointLayer::new((0..200).map(|_| random_point(&network, &mut r)).collect());
    let (mut scratch, found) = (Scratch::default(), Cell::new(0));
    let mut run_all = || {
        for start in &starts {
            let query = NearestQuery { start, profile, direction: Direction::From, limit, from: None, first: 20 };
            let page = layer.nearest(&network, &query, &mut scratch, |point| point % 3 > 0);
            found.set(found.get() + page.points.len());
        }
    };
    run_all();
    assert_eq!(allocations(run_all), starts.len());
    assert!(found.get() > 400, "only {} points were found", found.get());
}

#[test]
fn snapping_allocates_nothing() {
    let network = random_network(5, 300);
    let mut r = Random(3);
    let points: Vec<_> = (0..200).map(|_| random_point(&network, &mut r)).collect();
    let snapped = Cell::new(0);
    let snap_all = || {
        for &point in &points {
            snapped.set(snapped.get() + usize::from(network.snap(point, Profile::Adult).is_ok()));
        }
    };
    assert_eq!(allocations(snap_all), 0);
    assert!(snapped.get() > 100, "only {} points were snapped", snapped.get());
}
