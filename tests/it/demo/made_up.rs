//! Cities with made-up districts, at a small share of their towns.

use super::*;

#[test]
fn made_up_districts_are_imported_like_real_ones() {
    let folder = tempfile::tempdir().unwrap();
    let files_folder = folder.path().join("files");
    std::fs::create_dir(&files_folder).unwrap();
    let options = Options { scale: 2.0, towns: 0.01, ..Options::default() };
    let files = write_files(options, &files_folder).unwrap();
    assert_eq!((files.contents.districts, files.contents.made_up_districts), (76, 38));
    let data = DataFolder::new(&folder.path().join("data"), None, Profiles::default()).unwrap();
    let rt = tokio::runtime::Runtime::new().unwrap();
    let world = rt.block_on(async {
        let store = data.store().await.unwrap();
        let installed = walkshed_demo::install(&files, &data, &store, |_| {}).await.unwrap();
        walkshed_demo::describe(&files, options, Some(&installed)).unwrap();
        // The database accepts the mark of a city of any size that can be generated.
        for scale in [options.scale, walkshed_demo::MAX_SCALE] {
            let mark = Demonstration { seed: options.seed, scale, is_whole: true };
            store.mark_demonstration(mark, "2026-11-28T00:00:00Z").await.unwrap();
            assert_eq!(store.demonstration().await.unwrap(), Some(mark));
        }
        let world = data.world(&store).await.unwrap();
        store.close().await;
        world
    });
    let readme = std::fs::read_to_string(files_folder.join("README.md")).unwrap();
    assert!(readme.contains("--scale 2 ") && readme.contains("38 of the districts are made up"), "{readme}");
    let register = &world.register;
    assert_eq!(register.centers.len(), files.contents.centers);
    assert_eq!(register.facilities.len(), files.contents.facilities);
    assert_eq!(world.population_off_network().0, 0);
    let off = world.facilities_off_network() as f64 / register.facilities.len() as f64;
    assert!(off <= 0.005, "{off} of the facilities are not near a street");
    // Made-up districts are recognizable, have an outline, and have as many people as the real ones.
    let is_made_up = |code: &str| code.starts_with("501");
    let outlined = register.regions.iter().filter(|r| r.code.as_str().len() == 6 && r.outline.is_some());
    assert_eq!(outlined.filter(|r| is_made_up(r.code.as_str()) && r.name.starts_with("虚构甲")).count(), 38);
    let named = register.centers.iter().filter(|c| c.name.starts_with("虚构甲")).count();
    assert_eq!(named, register.centers.iter().filter(|c| is_made_up(c.code.as_str())).count());
    assert!((register.centers.len() / 3..register.centers.len() * 2 / 3).contains(&named));
    // The streets of made-up districts are in their own area, east of the real ones, and have heights.
    let network = world.network().unwrap();
    let east = network.vertices().iter().filter(|at| at.lon() > 110.4).count();
    assert!(east > 10_000 && east * 3 > network.vertices().len(), "{east} of {}", network.vertices().len());
    assert!(network.meta().report.max_height_m > 500.0 && network.meta().report.min_height_m >= 199.0);
}
