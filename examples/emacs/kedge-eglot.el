;;; kedge-eglot.el --- Kedge in Emacs, through eglot -*- lexical-binding: t -*-

;; Load this file, then M-x eglot as for any server.  eglot has one server a
;; buffer: `kedge-eglot-beside' says which server it shares the buffer with,
;; through the multiplexer rass.

(require 'seq)

(defvar kedge-eglot-beside
  '(((python-mode python-ts-mode) "pylsp")
    ((js-mode js-ts-mode typescript-mode typescript-ts-mode tsx-ts-mode)
     "typescript-language-server" "--stdio"))
  "Modes, and the command of the server that runs beside Kedge in them.")

(defun kedge-eglot-command (server)
  "The command that runs SERVER and Kedge, or Kedge alone.
SERVER runs too where it and rass are installed."
  (if (and (executable-find "rass") (executable-find (car server)))
      `("rass" "--" ,@server "--" "kedge" "--stdio")
    '("kedge" "--stdio")))

(with-eval-after-load 'eglot
  (dolist (entry kedge-eglot-beside)
    (let ((server (cdr entry)))
      (add-to-list 'eglot-server-programs
                   (cons (car entry)
                         (lambda (&rest _) (kedge-eglot-command server)))))))

(provide 'kedge-eglot)
;;; kedge-eglot.el ends here
