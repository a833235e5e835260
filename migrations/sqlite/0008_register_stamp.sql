-- The stamp identifies the content of the register: a random value, which changes whenever the version changes. A prepared file is
-- valid for one stamp. Two databases with the same version, such as a restored copy and the original, have different stamps.

ALTER TABLE register_version ADD COLUMN stamp BLOB CHECK (stamp IS NULL OR length(stamp) = 16);

UPDATE register_version SET stamp = randomblob(16) WHERE id = 1;

CREATE TRIGGER register_version_stamped AFTER UPDATE OF version ON register_version BEGIN
    UPDATE register_version SET stamp = randomblob(16) WHERE id = 1;
END;

-- A change without a new version, such as a row corrected by hand, removes the stamp: no prepared file is valid until the next version.
-- There are no triggers for inserted rows: they would multiply the time of an import by four.

CREATE TRIGGER center_updated AFTER UPDATE ON center WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER center_deleted AFTER DELETE ON center WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER facility_updated AFTER UPDATE ON facility WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER facility_deleted AFTER DELETE ON facility WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER service_updated AFTER UPDATE ON service WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER service_deleted AFTER DELETE ON service WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER offer_updated AFTER UPDATE ON offer WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER offer_deleted AFTER DELETE ON offer WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER event_updated AFTER UPDATE ON event WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER event_deleted AFTER DELETE ON event WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER suggestion_updated AFTER UPDATE ON suggestion WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER suggestion_deleted AFTER DELETE ON suggestion WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER region_updated AFTER UPDATE ON region WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER region_deleted AFTER DELETE ON region WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER scenario_updated AFTER UPDATE ON scenario WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER scenario_deleted AFTER DELETE ON scenario WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER standard_updated AFTER UPDATE ON standard WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER standard_deleted AFTER DELETE ON standard WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER visit_updated AFTER UPDATE ON visit WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER population_updated AFTER UPDATE ON population WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER population_deleted AFTER DELETE ON population WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;

CREATE TRIGGER visit_deleted AFTER DELETE ON visit WHEN (SELECT stamp FROM register_version WHERE id = 1) IS NOT NULL BEGIN
    UPDATE register_version SET stamp = NULL WHERE id = 1;
END;
