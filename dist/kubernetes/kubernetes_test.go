// SPDX-License-Identifier: Apache-2.0

// Package kubernetes holds manifests; its tests hold them against the types of
// the Kubernetes API, and against each other.
package kubernetes

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// manifest is what the two files say.
type manifest struct {
	set      apps.StatefulSet
	policies map[string]networking.NetworkPolicy
	services map[string]core.Service
	budget   policy.PodDisruptionBudget
	config   core.ConfigMap
}

// into returns the object that a document of the kind must be, and what keeps it.
func (m *manifest) into(kind string) (any, func()) {
	switch kind {
	case "Namespace":
		return &core.Namespace{}, nil
	case "ServiceAccount":
		return &core.ServiceAccount{}, nil
	case "ConfigMap":
		return &m.config, nil
	case "StatefulSet":
		return &m.set, nil
	case "PodDisruptionBudget":
		return &m.budget, nil
	case "Service":
		s := &core.Service{}
		return s, func() { m.services[s.Name] = *s }
	case "NetworkPolicy":
		p := &networking.NetworkPolicy{}
		return p, func() { m.policies[p.Name] = *p }
	default:
		return nil, nil
	}
}

func read(files ...[]byte) (manifest, error) {
	m := manifest{policies: map[string]networking.NetworkPolicy{}, services: map[string]core.Service{}}
	for _, file := range files {
		for _, doc := range bytes.Split(file, []byte("\n---\n")) {
			var head struct{ APIVersion, Kind string }
			if err := yaml.Unmarshal(doc, &head); err != nil {
				return m, err
			}
			object, keep := m.into(head.Kind)
			if object == nil {
				return m, fmt.Errorf("kind %q is none that we know", head.Kind)
			}
			if err := yaml.UnmarshalStrict(doc, object); err != nil {
				return m, fmt.Errorf("%s: %w", head.Kind, err)
			}
			if keep != nil {
				keep()
			}
		}
	}
	return m, nil
}

func load(t *testing.T) manifest {
	t.Helper()
	var files [][]byte
	for _, name := range []string{"sessiond.yaml", "networks.yaml"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, b)
	}
	m, err := read(files...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestUnknownFieldsAreFound: the check itself can fail.
func TestUnknownFieldsAreFound(t *testing.T) {
	for name, doc := range map[string]string{
		"field": "apiVersion: apps/v1\nkind: StatefulSet\nspec: {replicaz: 3}",
		"type":  "apiVersion: v1\nkind: Service\nspec: {ports: [{port: many}]}",
		"kind":  "apiVersion: v1\nkind: Sessions",
	} {
		if _, err := read([]byte(doc)); err == nil {
			t.Errorf("a wrong %s is taken", name)
		}
	}
}

func TestSelectorsMeetThePod(t *testing.T) {
	m := load(t)
	labels := m.set.Spec.Template.Labels
	selects := func(what string, want map[string]string) {
		t.Helper()
		if len(want) == 0 {
			t.Errorf("%s selects everything", what)
		}
		for k, v := range want {
			if labels[k] != v {
				t.Errorf("%s selects %v, the pod has %v", what, want, labels)
			}
		}
	}
	selects("the set", m.set.Spec.Selector.MatchLabels)
	selects("the budget", m.budget.Spec.Selector.MatchLabels)
	for name, s := range m.services {
		selects("service "+name, s.Spec.Selector)
	}
	if _, ok := m.services[m.set.Spec.ServiceName]; !ok {
		t.Errorf("no service %q", m.set.Spec.ServiceName)
	}
	for _, name := range []string{"clients-to-sessiond", "sessiond-to-cassandra"} {
		selects("policy "+name, m.policies[name].Spec.PodSelector.MatchLabels)
	}
}

// TestPortsExist: a policy or a service that names a port names one of the container's.
func TestPortsExist(t *testing.T) {
	m := load(t)
	ports := map[string]int32{}
	for _, p := range m.set.Spec.Template.Spec.Containers[0].Ports {
		ports[p.Name] = p.ContainerPort
	}
	for name, s := range m.services {
		for _, p := range s.Spec.Ports {
			if ports[p.TargetPort.String()] != p.Port {
				t.Errorf("service %s: port %s is %d, the container has %d", name, p.Name, p.Port, ports[p.TargetPort.String()])
			}
		}
	}
	for _, rule := range m.policies["clients-to-sessiond"].Spec.Ingress {
		for _, p := range rule.Ports {
			if _, ok := ports[p.Port.String()]; !ok {
				t.Errorf("policy: no port %s", p.Port)
			}
		}
	}
}

// TestThePodHoldsNothing: the pod is what the level "restricted" of the pod
// security standards asks for, and has no right on the cluster.
func TestThePodHoldsNothing(t *testing.T) {
	pod := load(t).set.Spec.Template.Spec
	c := pod.Containers[0].SecurityContext
	for what, ok := range map[string]bool{
		"runs as root":             *pod.SecurityContext.RunAsNonRoot && *pod.SecurityContext.RunAsUser > 0,
		"has no seccomp profile":   pod.SecurityContext.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault,
		"may escalate":             !*c.AllowPrivilegeEscalation,
		"may write its root":       *c.ReadOnlyRootFilesystem,
		"keeps capabilities":       slices.Equal(c.Capabilities.Drop, []core.Capability{"ALL"}) && len(c.Capabilities.Add) == 0,
		"holds a token":            !*pod.AutomountServiceAccountToken,
		"shares the host":          !pod.HostNetwork && !pod.HostPID && !pod.HostIPC,
		"has no bound of memory":   !pod.Containers[0].Resources.Limits.Memory().IsZero(),
		"runs privileged":          c.Privileged == nil || !*c.Privileged,
		"mounts folders of a host": !slices.ContainsFunc(pod.Volumes, func(v core.Volume) bool { return v.HostPath != nil }),
	} {
		if !ok {
			t.Errorf("the pod %s", what)
		}
	}
}

// TestMountsAndVolumesMeet: each mount has a volume, and each volume is used.
func TestMountsAndVolumesMeet(t *testing.T) {
	set := load(t).set
	volumes := map[string]bool{}
	for _, v := range set.Spec.Template.Spec.Volumes {
		volumes[v.Name] = false
	}
	for _, v := range set.Spec.VolumeClaimTemplates {
		volumes[v.Name] = false
	}
	for _, mount := range set.Spec.Template.Spec.Containers[0].VolumeMounts {
		if _, ok := volumes[mount.Name]; !ok {
			t.Errorf("no volume %s", mount.Name)
		}
		volumes[mount.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(volumes)) {
		if !volumes[name] {
			t.Errorf("volume %s is mounted nowhere", name)
		}
	}
}

// TestNothingIsOpenToAll: everything is denied first, and no rule leaves out who,
// or where on which port.
func TestNothingIsOpenToAll(t *testing.T) {
	m := load(t)
	deny := m.policies["deny-all"].Spec
	if len(deny.PodSelector.MatchLabels) != 0 || len(deny.PolicyTypes) != 2 || len(deny.Ingress)+len(deny.Egress) != 0 {
		t.Error("deny-all does not deny all")
	}
	for name, p := range m.policies {
		for _, r := range p.Spec.Ingress {
			if len(r.From) == 0 || len(r.Ports) == 0 {
				t.Errorf("%s: a rule lets in everybody or everywhere", name)
			}
		}
		for _, r := range p.Spec.Egress {
			if len(r.To) == 0 || len(r.Ports) == 0 {
				t.Errorf("%s: a rule lets out to everybody or everywhere", name)
			}
		}
	}
	for _, r := range m.policies["clients-to-sessiond"].Spec.Ingress {
		for _, from := range r.From {
			if from.PodSelector == nil || from.NamespaceSelector == nil {
				t.Error("clients: a whole namespace may connect")
			}
		}
	}
}
