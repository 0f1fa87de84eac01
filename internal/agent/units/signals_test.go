package units

import (
	"testing"

	"github.com/godbus/dbus/v5"
)

func TestSignalsSayWhichUnitToAskAbout(t *testing.T) {
	check := func(name, path string, body []any, want change, wantOK bool) {
		t.Helper()
		got, ok := changeOf(&dbus.Signal{Name: name, Path: dbus.ObjectPath(path), Body: body})
		if ok != wantOK || ok && got != want {
			t.Errorf("%s %v: %+v, %v", name, body, got, ok)
		}
	}
	nginx := string(unitsPath) + "/nginx_2eservice"
	changed := properties + ".PropertiesChanged"
	check(changed, nginx, []any{unitMember, map[string]dbus.Variant{}, []string{}}, change{name: "nginx.service"}, true)
	check(changed, nginx, []any{systemd + ".Service"}, change{}, false)
	check(changed, "/elsewhere", []any{unitMember}, change{}, false)
	check(changed, nginx, nil, change{}, false)
	check(managerMember+".UnitNew", string(managerPath), []any{"a.service", dbus.ObjectPath(nginx)}, change{name: "a.service"}, true)
	check(managerMember+".UnitRemoved", string(managerPath), []any{"a.service", dbus.ObjectPath(nginx)}, change{name: "a.service", gone: true}, true)
	check(managerMember+".UnitRemoved", string(managerPath), []any{7}, change{}, false)
	check(managerMember+".UnitFilesChanged", string(managerPath), nil, change{}, true)
	check(managerMember+".Reloading", string(managerPath), []any{true}, change{}, false)
	check(managerMember+".Reloading", string(managerPath), []any{false}, change{}, true)
	check(managerMember+".JobNew", string(managerPath), nil, change{}, false)
}

func TestNamesAreReadFromObjects(t *testing.T) {
	for object, want := range map[string]string{
		string(unitsPath) + "/_2d_2emount":               "-.mount",
		string(unitsPath) + "/getty_40tty1_2eservice":    "getty@tty1.service",
		string(unitsPath) + "/dev_2ddisk_5cx2dby_2eswap": `dev-disk\x2dby.swap`,
		string(unitsPath) + "/_37zip_2eservice":          "7zip.service",
		string(unitsPath) + "/odd_zz_2":                  "odd_zz_2",
		"/org/freedesktop/systemd1/job/1":                "",
		"/org/freedesktop/systemd1/unitnginx_2eservice":  "",
	} {
		if got := unitName(object); got != want {
			t.Errorf("%s is %q, want %q", object, got, want)
		}
	}
}

func TestAStormOfSignalsEndsInAQuestionAboutAll(t *testing.T) {
	r := &relay{out: make(chan change, 2)}
	signal := &dbus.Signal{Name: managerMember + ".UnitNew", Body: []any{"a.service"}}
	for range 5 {
		r.DeliverSignal("", "", signal)
	}
	<-r.out
	r.DeliverSignal("", "", signal)
	<-r.out
	if c := <-r.out; c != (change{}) {
		t.Errorf("after a storm: %+v", c)
	}
	r.Terminate()
	r.Terminate()
	r.DeliverSignal("", "", signal)
	if _, ok := <-r.out; ok {
		t.Error("a change after the end")
	}
}

func TestPatternsMatchNamesAlone(t *testing.T) {
	if got := patterns([]string{`a\x2db.mount`, "a*?[.service"}); got[0] != `a\\x2db.mount` || got[1] != `a\*\?\[.service` {
		t.Errorf("%q", got)
	}
}

func FuzzSignals(f *testing.F) {
	f.Add(string(unitsPath)+"/nginx_2eservice", unitMember)
	f.Fuzz(func(t *testing.T, path, body string) {
		if len(unitName(path)) > len(path) {
			t.Error("a name longer than its path")
		}
		changeOf(&dbus.Signal{Name: properties + ".PropertiesChanged", Path: dbus.ObjectPath(path), Body: []any{body}})
	})
}
