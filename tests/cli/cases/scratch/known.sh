# Three materials whose slopes are known: printed, written, drawn, and as JSON.
"$PYTHON" - <<'END'
import math
import random
random.seed(1)
states = [("deformed", 0.26, 2.4, 15000), ("as cast", 0.21, 3.3, 11000), ("annealed", 0.19, 3.8, 7500)]
with open("tracks.csv", "w") as table:
    table.write("file,material,width (um),width error (um),cross section (um^2),cross section error (um^2)\n")
    for s, (name, friction, hardness, wear) in enumerate(states):
        for load in 20, 50, 100:
            with open(f"{s}-{load}.txt", "w") as out:
                out.write("# mN and N\ndistance (um);load (N);lateral force (mN)\n")
                for i in range(400):
                    x = i - 10
                    on = 0 <= x < 360
                    shape = 1.25 * x / 8 if x < 8 else 1.25 if x < 11 else 1
                    slip = 0.5 * (x % 9 / 8 - 0.5) if name == "deformed" else 0
                    force = on * (friction * load * shape + slip) + 0.2 * (random.random() - 0.5) + 3
                    out.write(f"{i};{on * load / 1000};{force:.6f}\n")
            width = math.sqrt(8 * load / (math.pi * hardness)) * random.gauss(1, 0.02)
            section = 1e-6 * wear * load * random.gauss(1, 0.04)
            table.write(f"{s}-{load}.txt,{name},{width:.9f},{0.02 * width:.9f},{section:.9f},{0.04 * section:.9f}\n")
END
vitrail scratch tracks.csv --csv slopes.csv --tracks found.csv --figure f.png
vitrail scratch tracks.csv --json >all.json
"$PYTHON" - <<'END'
import csv
import json
truth = {"deformed": (0.26, 2.4, 15000), "as cast": (0.21, 3.3, 11000), "annealed": (0.19, 3.8, 7500)}
for row in csv.DictReader(open("slopes.csv")):
    known = truth[row["material"]][["friction", "hardness", "wear"].index(row["quantity"])]
    print(row["material"], row["quantity"], row["unit"], abs(float(row["slope"]) - known) < 3 * float(row["slope_error"]))
print(len(list(csv.DictReader(open("found.csv")))), open("f.png", "rb").read(4))
data = json.load(open("all.json"))
print(len(data["tracks"]), [m["material"] for m in data["materials"]], data["tracks"][4]["stick_slip_um"])
END
files
