// Command oracle says whether two Deployments have one pod template to the Deployment controller. It reads JSON
// arrays of two Deployments, one a line, and writes `true` where pods would restart, `false`, or an error, for each.
//
// It decodes, defaults, converts and encodes with the packages of the API server and compares as the controller
// does. Build it in a module that requires k8s.io/kubernetes v1.36.4, with a replace for each staging module.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
)

func stored(raw []byte) (*appsv1.Deployment, error) {
	sent, internal, stored := &appsv1.Deployment{}, &apps.Deployment{}, &appsv1.Deployment{}
	if err := json.Unmarshal(raw, sent); err != nil {
		return nil, err
	}
	legacyscheme.Scheme.Default(sent)
	if err := legacyscheme.Scheme.Convert(sent, internal, nil); err != nil {
		return nil, err
	}
	if err := legacyscheme.Scheme.Convert(internal, stored, nil); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(stored)
	if err != nil {
		return nil, err
	}
	read := &appsv1.Deployment{}
	if err := json.Unmarshal(encoded, read); err != nil {
		return nil, err
	}
	legacyscheme.Scheme.Default(read)
	return read, nil
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var pair [2]json.RawMessage
		if err := json.Unmarshal(line, &pair); err != nil {
			fmt.Println("error:", err)
			continue
		}
		before, errBefore := stored(pair[0])
		after, errAfter := stored(pair[1])
		if errBefore != nil || errAfter != nil {
			fmt.Println("error:", errBefore, errAfter)
			continue
		}
		fmt.Println(!apiequality.Semantic.DeepEqual(before.Spec.Template, after.Spec.Template))
	}
}
