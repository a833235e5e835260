use super::*;
use crate::surface::Surface;

fn overrides(text: &str) -> Result<Profiles, ProfileError> {
    Profiles::with_overrides(&text.parse().unwrap())
}

#[test]
fn default_speeds_are_those_of_the_design() {
    let p = Profiles::default();
    let speeds: Vec<f64> = Profile::ALL.iter().map(|&x| p.get(x).level_kmh).collect();
    assert_eq!(speeds, [4.8, 3.4, 3.6, 3.0, 3.2, 15.0]);
    assert!(!p.get(Profile::Wheelchair).steps && !p.get(Profile::Stroller).steps && !p.get(Profile::Bicycle).steps);
    assert!((p.get(Profile::Senior).snap_limit_m - 300.0).abs() < f64::EPSILON);
}

#[test]
fn slope_function_is_tobler_scaled_to_level_speed() {
    let profiles = Profiles::default();
    let p = profiles.get(Profile::Adult);
    assert!((p.slope_m_s(0.0) - 4.8 / 3.6).abs() < 1e-12);
    // Fastest at 5 % downhill; equal at 0 and at 10 % downhill.
    assert!(p.slope_m_s(-0.05) > p.slope_m_s(0.0));
    assert!((p.slope_m_s(-0.10) - p.slope_m_s(0.0)).abs() < 1e-12);
    // 6 exp(-3.5 * 0.15) / (6 exp(-3.5 * 0.05)) at 10 % uphill.
    assert!((p.slope_m_s(0.1) / p.slope_m_s(0.0) - (-0.35_f64).exp()).abs() < 1e-12);
    assert!((p.slope_m_s(3.0) - p.slope_m_s(0.4)).abs() < 1e-12);
}

#[test]
fn default_wheel_rules_follow_the_standards() {
    let profiles = Profiles::default();
    let [wheelchair, stroller, adult] =
        [Profile::Wheelchair, Profile::Stroller, Profile::Adult].map(|p| profiles.get(p));
    assert_eq!((wheelchair.max_slope, wheelchair.short_ramp_slope, wheelchair.short_ramp_m), (0.083, 0.125, 2.4));
    assert_eq!((stroller.max_slope, wheelchair.max_step_m, wheelchair.min_width_m), (0.125, 0.03, 0.9));
    assert_eq!((wheelchair.worst_smoothness.name(), stroller.worst_smoothness.name()), ("intermediate", "bad"));
    // Anything that stops a stroller also stops a wheelchair.
    assert!(stroller.barred_surfaces.is_subset(&wheelchair.barred_surfaces));
    assert!(stroller.barred_barriers.is_subset(&wheelchair.barred_barriers));
    assert!(adult.barred_surfaces.is_empty() && adult.barred_barriers.is_empty());
}

#[test]
fn wheel_rules_can_be_overridden() {
    let p = overrides(
        "[wheelchair]\nmax_slope = 0.06\nworst_smoothness = \"good\"\nbarred_surfaces = [\"sett\"]\n\
         [bicycle.surface_kmh]\ngravel = 9\nasphalt = 14.5\n[stroller]\nbarred_barriers = []",
    )
    .unwrap();
    let wheelchair = p.get(Profile::Wheelchair);
    assert_eq!((wheelchair.max_slope, wheelchair.worst_smoothness.name()), (0.06, "good"));
    assert_eq!(wheelchair.barred_surfaces.iter().map(|s| s.name()).collect::<Vec<_>>(), ["sett"]);
    assert!(p.get(Profile::Stroller).barred_barriers.is_empty());
    // A table of speeds is overridden entry by entry.
    let speed = |name: &str| p.get(Profile::Bicycle).surface_kmh.get(&Surface::named(name).unwrap()).copied();
    assert_eq!([speed("gravel"), speed("asphalt"), speed("sand")], [Some(9.0), Some(14.5), Some(4.0)]);
    // Overrides survive serialization in the prepared file.
    let text = serde_json::to_string(&p).unwrap();
    assert_eq!(serde_json::from_str::<Profiles>(&text).unwrap(), p);
}

#[test]
fn cycling_speed_on_level_ground_is_the_configured_one() {
    let kmh = |text: &str, g: f64| overrides(text).unwrap().get(Profile::Bicycle).speed_m_s(g) * 3.6;
    for level in [8, 15, 25, 40] {
        let found = kmh(&format!("[bicycle]\nlevel_kmh = {level}"), 0.0);
        assert!((found - f64::from(level)).abs() < 1e-6, "{level}: {found}");
    }
    // Continuous where the slope changes sign, and faster downhill than uphill.
    assert!((kmh("", -1e-9) - kmh("", 1e-9)).abs() < 1e-3);
    assert!(kmh("", -0.005) > kmh("", 0.0) && kmh("", 0.03) < kmh("", 0.02));
    assert!((kmh("[bicycle]\ndownhill_kmh = 30", -0.08) - 30.0).abs() < 1e-9);
    assert!((kmh("[bicycle]\ndismounted_kmh = 5", 0.2) - 5.0).abs() < 1e-9);
    assert!(kmh("[bicycle]\nclimb_power_w = 150", 0.05) > kmh("", 0.05));
}

#[test]
fn overrides_change_only_the_given_keys() {
    let p = overrides("[adult]\nlevel_kmh = 5").unwrap();
    assert!((p.get(Profile::Adult).level_kmh - 5.0).abs() < f64::EPSILON);
    assert!((p.get(Profile::Senior).level_kmh - 3.4).abs() < f64::EPSILON);
}

#[test]
fn rejects_invalid_overrides() {
    let message = |t: &str| overrides(t).unwrap_err().to_string();
    assert!(message("[runner]\nlevel_kmh = 9").contains("[profiles.runner]"));
    assert!(message("adult = 3").contains("[profiles.adult] must be a table"));
    assert!(message("[adult]\nspeed = 9").starts_with("profiles.adult.speed: unknown key"));
    assert_eq!(message("[adult]\nlevel_kmh = -1"), "profiles.adult.level_kmh = -1: must be between 0.5 and 60");
    assert_eq!(message("[adult]\nlevel_kmh = nan"), "profiles.adult.level_kmh = NaN: must be between 0.5 and 60");
    assert_eq!(message("[adult]\nlevel_kmh = \"fast\""), "profiles.adult.level_kmh = \"fast\": must be a float");
    assert!(message("[adult]\naccess = \"horse\"").starts_with("profiles.adult.access = \"horse\""));
    let surface = message("[wheelchair]\nbarred_surfaces = [\"sand\", \"lava\"]");
    assert!(surface.starts_with("profiles.wheelchair.barred_surfaces = [\"sand\", \"lava\"]: unknown surface \"lava\": expected one of paved, "), "{surface}");
    let smoothness = message("[wheelchair]\nworst_smoothness = \"nice\"");
    assert!(smoothness.contains("unknown smoothness \"nice\": expected one of excellent, good, "), "{smoothness}");
    assert!(message("[stroller]\nbarred_barriers = [\"dragon\"]").contains("unknown barrier \"dragon\""));
    assert!(message("[stroller]\nbarred_barriers = \"log\"").ends_with("must be a list of names"));
    assert!(message("[bicycle.surface_kmh]\nlava = 3").contains("unknown surface \"lava\""));
    assert_eq!(
        message("[bicycle.surface_kmh]\ngravel = 0"),
        "profiles.bicycle.surface_kmh.gravel = 0: must be between 0.5 and 60"
    );
    assert_eq!(
        message("[wheelchair]\nmax_slope = 8.3e9"),
        "profiles.wheelchair.max_slope = 8300000000: must be between 0.01 and 10"
    );
}
