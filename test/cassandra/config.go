// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed cassandra.yaml.tmpl logback.xml
var files embed.FS

// opens are the packages of the Java runtime that Cassandra 5.0 looks into.
var opens = []string{
	"java.base/java.io", "java.base/java.lang", "java.base/java.lang.module", "java.base/java.lang.reflect",
	"java.base/java.nio", "java.base/java.util", "java.base/java.util.concurrent", "java.base/java.util.concurrent.atomic",
	"java.base/jdk.internal.loader", "java.base/jdk.internal.math", "java.base/jdk.internal.module",
	"java.base/jdk.internal.ref", "java.base/jdk.internal.reflect", "java.base/jdk.internal.util.jar",
	"java.base/sun.nio.ch", "jdk.management/com.sun.management.internal",
}

// exports are those whose names it uses.
var exports = []string{
	"java.base/java.lang.ref", "java.base/jdk.internal.misc", "java.base/jdk.internal.ref", "java.base/sun.nio.ch",
	"java.management.rmi/com.sun.jmx.remote.internal.rmi", "java.rmi/sun.rmi.registry", "java.rmi/sun.rmi.server",
	"java.sql/java.sql", "jdk.unsupported/sun.misc",
}

// Jars returns the folder that fetch.sh has filled.
func Jars() (string, error) {
	cache := os.Getenv("PORTREEVE_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find the cache: %w", err)
		}
		cache = filepath.Join(user, "portreeve")
	}
	jars := filepath.Join(cache, "cassandra-"+Version)
	if _, err := os.Stat(filepath.Join(jars, "cassandra-all-"+Version+".jar")); err != nil {
		return "", fmt.Errorf("the jars of Cassandra are not in %s; run `make install-test-parts`: %w", jars, err)
	}
	return jars, nil
}

// command writes the node's configuration and returns the arguments of java.
func (s *Server) command() ([]string, error) {
	jars, err := Jars()
	if err != nil {
		return nil, err
	}
	if err := s.configure(); err != nil {
		return nil, fmt.Errorf("configure Cassandra: %w", err)
	}
	args := []string{
		"-Xms128M", "-Xmx1024M", "-XX:+UseSerialGC",
		// A test ends before the optimising compiler would have paid for itself.
		"-XX:TieredStopAtLevel=1",
		// Without the agent the process dies without a word.
		"-javaagent:" + filepath.Join(jars, "jamm-0.4.0.jar"),
		"-Djdk.attach.allowAttachSelf=true",
	}
	for _, p := range exports {
		args = append(args, "--add-exports", p+"=ALL-UNNAMED")
	}
	for _, p := range opens {
		args = append(args, "--add-opens", p+"=ALL-UNNAMED")
	}
	return append(args,
		"-Dcassandra.config=file://"+filepath.Join(s.Dir, "cassandra.yaml"),
		"-Dlogback.configurationFile="+filepath.Join(s.Dir, "logback.xml"),
		"-Dcassandra.storagedir="+s.Dir, "-Dcassandra.logdir="+s.Dir, "-Dcassandra.triggers_dir="+s.Dir,
		"-Djava.io.tmpdir="+s.Dir, "-Djna.tmpdir="+s.Dir,
		// One node has nobody to wait for.
		"-Dcassandra.superuser_setup_delay_ms=0", "-Dcassandra.skip_wait_for_gossip_to_settle=0", "-Dcassandra.ring_delay_ms=0",
		"-Dcassandra-foreground=yes",
		"-cp", filepath.Join(jars, "*"), "org.apache.cassandra.service.CassandraDaemon",
	), nil
}

func (s *Server) configure() error {
	conf, err := template.ParseFS(files, "cassandra.yaml.tmpl")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(s.Dir, "cassandra.yaml"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := conf.Execute(f, s); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	log, err := files.ReadFile("logback.xml")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.Dir, "logback.xml"), log, 0o600)
}
