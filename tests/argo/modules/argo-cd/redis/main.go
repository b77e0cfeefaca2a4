// A Redis in memory, for Argo CD's controllers: `redis ADDRESS`. Of the library that Argo CD's own command line uses in
// Redis's place (cmd/argocd/commands/headless); its clock is moved by hand.
package main

import (
	"log"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	for range time.Tick(time.Second) {
		server.FastForward(time.Second)
	}
}
