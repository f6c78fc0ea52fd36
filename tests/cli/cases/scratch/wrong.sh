# Each wrong use has its sentence, and leaves nothing.
"$PYTHON" - <<'END'
def curve(name, load, head="distance (um),load (mN),lateral force (mN)"):
    with open(name, "w") as out:
        out.write(head + "\n")
        for i in range(100):
            out.write(f"{i},{load},{0.2 * load + 0.01 * (i % 3)}\n")
curve("a.txt", 50)
curve("b.txt", 100)
curve("negative.txt", -50)
curve("time.txt", 50, "time (s),load (mN),lateral force (mN)")
curve("unit.txt", 50, "distance (um),load,lateral force (mN)")
curve("column.txt", 50, "distance (um),load (mN),depth (nm)")
open("word.txt", "w").write("distance (um),load (mN),lateral force (mN)\n1,2,3\n2,two,3\n")
open("empty.csv", "w").write("")
open("good.csv", "w").write("file,width (um)\na.txt,3\nb.txt,4\n")
for name in "negative", "time", "unit", "column", "word", "missing":
    open(name + ".csv", "w").write(f"file,width (um)\na.txt,3\n{name}.txt,4\n")
open("one-load.csv", "w").write("file,width (um)\na.txt,3\na.txt,4\n")
open("no-width.csv", "w").write("file,depth (um)\na.txt,3\n")
open("fields.csv", "w").write("file,width (um)\na.txt,3,4\n")
END
status_of vitrail scratch
for name in none empty no-width fields negative time unit column word missing one-load; do
  status_of vitrail scratch $name.csv
done
touch slopes.csv
status_of vitrail scratch good.csv --csv slopes.csv
status_of vitrail scratch good.csv --figure f.xyz
status_of vitrail scratch good.csv --quiet
files
