"""The table of public benchmark scenes, written by hand.

The files keep the distributor's bands: the "corrected" scenes come with their bad bands removed
already, and ``dropped_bands`` says which of the sensor's bands those were.
"""

from dataclasses import dataclass, field

EHU_PAGE = "https://www.ehu.eus/ccwintco/index.php/Hyperspectral_Remote_Sensing_Scenes"
EHU_UPLOADS = "https://www.ehu.eus/ccwintco/uploads"


@dataclass(frozen=True)
class BenchmarkFile:
    """One file of a benchmark.

    Attributes:
        name: its name in the folder.
        variable: the MATLAB variable to read; None where copies differ and the shape decides.
        url: where to download it; None if it is not freely downloadable.
        sha256: its checksum; None where no original could be checked, so that shape, bands and
            label counts are all that vouches for it.
    """

    name: str
    variable: str | None = None
    url: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class BenchmarkClass:
    """One class: its id in the label file, its usual name, its number of labelled pixels."""

    id: int
    name: str
    n_labelled: int


@dataclass(frozen=True)
class Benchmark:
    """One public scene with its labels.

    Attributes:
        name: how it is asked for.
        page: the page that describes it.
        sensor: the sensor that took it.
        gsd_m: ground sampling distance in m.
        shape: rows, columns, bands of the scene file.
        scene: the file of the scene.
        labels: the file of the labels.
        classes: every class, by increasing id.
        n_sensor_bands: number of bands before the distributor dropped some.
        dropped_bands: first and last number, from 1 and inclusive, of each run of dropped bands;
            empty if none was dropped or the distributor does not say which.
        drop_reason: why the bands were dropped.
        note: what a user should know about it; empty if nothing.
    """

    name: str
    page: str
    sensor: str
    gsd_m: float
    shape: tuple[int, int, int]
    scene: BenchmarkFile
    labels: BenchmarkFile
    classes: tuple[BenchmarkClass, ...] = field(repr=False)
    n_sensor_bands: int
    dropped_bands: tuple[tuple[int, int], ...] = ()
    drop_reason: str = ""
    note: str = ""

    @property
    def class_names(self) -> dict[int, str]:
        """Class id to name."""
        return {land_class.id: land_class.name for land_class in self.classes}

    @property
    def n_labelled(self) -> int:
        """Number of labelled pixels."""
        return sum(land_class.n_labelled for land_class in self.classes)


def _file(path: str, variable: str, sha256: str | None = None) -> BenchmarkFile:
    return BenchmarkFile(path.rsplit("/", 1)[-1], variable, f"{EHU_UPLOADS}/{path}", sha256)


def _classes(counts: dict[str, int], ids: tuple[int, ...] = ()) -> tuple[BenchmarkClass, ...]:
    """Classes by name and count; ids count from 1 unless they are given."""
    ids = ids or tuple(range(1, len(counts) + 1))
    pairs = zip(ids, counts.items(), strict=True)
    return tuple(BenchmarkClass(i, name, count) for i, (name, count) in pairs)


_WATER_VAPOUR = "water absorption"

# Addresses, class names and counts: the distributor's page; the counts were checked against the
# label files themselves except for Botswana (checked against counts in public code). Checksums:
# of copies whose MATLAB headers carry the distributor's dates. None for the labels of Pavia Centre
# and Houston: no original was at hand.
_TABLE = (
    Benchmark(
        name="indian-pines",
        page=EHU_PAGE,
        sensor="AVIRIS",
        gsd_m=20.0,
        shape=(145, 145, 200),
        scene=_file("6/67/Indian_pines_corrected.mat", "indian_pines_corrected"),
        labels=_file(
            "c/c4/Indian_pines_gt.mat",
            "indian_pines_gt",
            "65c4687a8ab04f6da4789799bc3bc4f6e88bccac3ed6a2e6ae367e5e6b9e429c",
        ),
        classes=_classes({
            "Alfalfa": 46, "Corn-notill": 1428, "Corn-mintill": 830, "Corn": 237,
            "Grass-pasture": 483, "Grass-trees": 730, "Grass-pasture-mowed": 28,
            "Hay-windrowed": 478, "Oats": 20, "Soybean-notill": 972, "Soybean-mintill": 2455,
            "Soybean-clean": 593, "Wheat": 205, "Woods": 1265,
            "Buildings-Grass-Trees-Drives": 386, "Stone-Steel-Towers": 93,
        }),
        n_sensor_bands=220,
        dropped_bands=((104, 108), (150, 163), (220, 220)),
        drop_reason=_WATER_VAPOUR,
    ),
    Benchmark(
        name="pavia-university",
        page=EHU_PAGE,
        sensor="ROSIS-03",
        gsd_m=1.3,
        shape=(610, 340, 103),
        scene=_file("e/ee/PaviaU.mat", "paviaU"),
        labels=_file(
            "5/50/PaviaU_gt.mat",
            "paviaU_gt",
            "23f6a426928f9b32984adffe659e29f554f9fb6c93b5a107528d308d5087a829",
        ),
        classes=_classes({
            "Asphalt": 6631, "Meadows": 18649, "Gravel": 2099, "Trees": 3064,
            "Painted metal sheets": 1345, "Bare Soil": 5029, "Bitumen": 1330,
            "Self-Blocking Bricks": 3682, "Shadows": 947,
        }),
        n_sensor_bands=115,
        drop_reason="the 12 noisiest bands; the distributor does not say which",
    ),
    Benchmark(
        name="salinas",
        page=EHU_PAGE,
        sensor="AVIRIS",
        gsd_m=3.7,
        shape=(512, 217, 204),
        scene=_file("a/a3/Salinas_corrected.mat", "salinas_corrected"),
        labels=_file(
            "f/fa/Salinas_gt.mat",
            "salinas_gt",
            "ecfab4d31ef5553f097943235d8ea502038eb4a2067b2ad10b33e37c949955e2",
        ),
        classes=_classes({
            "Brocoli_green_weeds_1": 2009, "Brocoli_green_weeds_2": 3726, "Fallow": 1976,
            "Fallow_rough_plow": 1394, "Fallow_smooth": 2678, "Stubble": 3959, "Celery": 3579,
            "Grapes_untrained": 11271, "Soil_vinyard_develop": 6203,
            "Corn_senesced_green_weeds": 3278, "Lettuce_romaine_4wk": 1068,
            "Lettuce_romaine_5wk": 1927, "Lettuce_romaine_6wk": 916, "Lettuce_romaine_7wk": 1070,
            "Vinyard_untrained": 7268, "Vinyard_vertical_trellis": 1807,
        }),
        n_sensor_bands=224,
        dropped_bands=((108, 112), (154, 167), (224, 224)),
        drop_reason=_WATER_VAPOUR,
    ),
    Benchmark(
        name="salinas-a",
        page=EHU_PAGE,
        sensor="AVIRIS",
        gsd_m=3.7,
        shape=(83, 86, 204),
        scene=_file(
            "1/1a/SalinasA_corrected.mat",
            "salinasA_corrected",
            "d75684ed3ab71a1024cee0f9db9061f50a3523a92ff5edfbbb1eed976b9f1721",
        ),
        labels=_file(
            "a/aa/SalinasA_gt.mat",
            "salinasA_gt",
            "17814c1d3296c0e29b27f320f2c4174d2a68adb87e376abe78f02923e2c2e454",
        ),
        classes=_classes(
            {
                "Brocoli_green_weeds_1": 391, "Corn_senesced_green_weeds": 1343,
                "Lettuce_romaine_4wk": 616, "Lettuce_romaine_5wk": 1525,
                "Lettuce_romaine_6wk": 674, "Lettuce_romaine_7wk": 799,
            },
            (1, 10, 11, 12, 13, 14),
        ),
        n_sensor_bands=224,
        dropped_bands=((108, 112), (154, 167), (224, 224)),
        drop_reason=_WATER_VAPOUR,
        note="a part of Salinas; the class ids are those of Salinas",
    ),
    Benchmark(
        name="ksc",
        page=EHU_PAGE,
        sensor="AVIRIS",
        gsd_m=18.0,
        shape=(512, 614, 176),
        scene=_file("2/26/KSC.mat", "KSC"),
        labels=_file(
            "a/a6/KSC_gt.mat",
            "KSC_gt",
            "a1d6ab9293691006bd4d9742d1a1e1c141b1aaa5fbc5fa128b33c1d09038510b",
        ),
        classes=_classes({
            "Scrub": 761, "Willow swamp": 243, "Cabbage palm hammock": 256,
            "Cabbage palm/oak hammock": 252, "Slash pine": 161, "Oak/broadleaf hammock": 229,
            "Hardwood swamp": 105, "Graminoid marsh": 431, "Spartina marsh": 520,
            "Cattail marsh": 404, "Salt marsh": 419, "Mud flats": 503, "Water": 927,
        }),
        n_sensor_bands=224,
        drop_reason="water absorption and low signal; the distributor does not say which bands",
        note="some sources name classes 4 to 7 differently",
    ),
    Benchmark(
        name="botswana",
        page=EHU_PAGE,
        sensor="Hyperion (EO-1)",
        gsd_m=30.0,
        shape=(1476, 256, 145),
        scene=_file("7/72/Botswana.mat", "Botswana"),
        labels=_file("5/58/Botswana_gt.mat", "Botswana_gt"),
        classes=_classes({
            "Water": 270, "Hippo grass": 101, "Floodplain grasses 1": 251,
            "Floodplain grasses 2": 215, "Reeds": 269, "Riparian": 269, "Firescar": 259,
            "Island interior": 203, "Acacia woodlands": 314, "Acacia shrublands": 248,
            "Acacia grasslands": 305, "Short mopane": 181, "Mixed mopane": 268,
            "Exposed soils": 95,
        }),
        n_sensor_bands=242,
        dropped_bands=((1, 9), (56, 81), (98, 101), (120, 133), (165, 186), (221, 242)),
        drop_reason="uncalibrated or noisy bands, most of them in water absorption",
    ),
    Benchmark(
        name="pavia-centre",
        page=EHU_PAGE,
        sensor="ROSIS-03",
        gsd_m=1.3,
        shape=(1096, 715, 102),
        scene=_file("e/e3/Pavia.mat", "pavia"),
        labels=_file("5/53/Pavia_gt.mat", "pavia_gt"),
        classes=_classes({
            "Water": 65971, "Trees": 7598, "Meadows": 3090, "Self-Blocking Bricks": 2685,
            "Bare Soil": 6584, "Asphalt": 9248, "Bitumen": 7287, "Tiles": 42826, "Shadows": 2863,
        }),
        n_sensor_bands=115,
        drop_reason="the 13 noisiest bands; the distributor does not say which",
        note="two orders of the class names are in use; this one usually goes with these counts",
    ),
    Benchmark(
        name="houston-2013",
        page="https://machinelearning.ee.uh.edu/2013-ieee-grss-data-fusion-contest/",
        sensor="CASI-1500",
        gsd_m=2.5,
        shape=(349, 1905, 144),
        scene=BenchmarkFile("Houston.mat"),
        labels=BenchmarkFile("Houston_gt.mat"),
        classes=_classes({
            "Healthy grass": 1251, "Stressed grass": 1254, "Synthetic grass": 697, "Trees": 1244,
            "Soil": 1242, "Water": 325, "Residential": 1268, "Commercial": 1244, "Road": 1252,
            "Highway": 1227, "Railway": 1235, "Parking Lot 1": 1233, "Parking Lot 2": 469,
            "Tennis Court": 428, "Running Track": 660,
        }),
        n_sensor_bands=144,
        note="IEEE GRSS Data Fusion Contest 2013; on request from its page, as a local copy",
    ),
)  # fmt: skip

BENCHMARKS: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in _TABLE}
